// Generated from unary_gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 8b11c8041e216b54f112531d7710ec2d59a839b7e8db3ef5d9e3c23c228cb034
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const OPERATION: u32 = 1u;",
  "const WORKGROUP: u32 = 64u;",
  "const PER_INVOCATION: u32 = 4u;",
  "",
  "const BLOCK: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  first: f32,",
  "  second: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> saved: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> outputGradient: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read_write> inputGradient: array<vec4<f32>>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "fn apply(x: vec4<f32>, gradient: vec4<f32>) -> vec4<f32> {",
  "  if (OPERATION == 1u) {",
  "    return gradient * x;",
  "  } else if (OPERATION == 2u) {",
  "    return gradient / x;",
  "  } else if (OPERATION == 3u) {",
  "",
  "    let small = exp(-abs(x));",
  "    return gradient * select(small, vec4<f32>(1.0), x >= vec4<f32>(0.0)) / (1.0 + small);",
  "  } else if (OPERATION == 4u) {",
  "    return gradient * sign(x);",
  "  } else if (OPERATION == 5u) {",
  "    return gradient * (2.0 * x);",
  "  } else if (OPERATION == 6u) {",
  "    return gradient / (2.0 * x);",
  "  }",
  "  let inside = (x >= vec4<f32>(params.first)) & (x <= vec4<f32>(params.second));",
  "  return select(vec4<f32>(0.0), gradient, inside);",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    inputGradient[index] = apply(saved[index], outputGradient[index]);",
  "  }",
  "}",
  "",
].join('\n');

export const unaryGradient = {
  source,
  "name": "elementwise/unary_gradient",
  "features": [],
  "bindings": {
    "saved": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "outputGradient": {
      "index": 1,
      "access": "read",
      "element": "vec4<f32>"
    },
    "inputGradient": {
      "index": 2,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 3,
    "size": 16,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "first": {
        "offset": 4,
        "type": "f32"
      },
      "second": {
        "offset": 8,
        "type": "f32"
      }
    }
  },
  "constants": {
    "OPERATION": {
      "type": "u32",
      "value": 1
    },
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "PER_INVOCATION": {
      "type": "u32",
      "value": 4
    },
    "BLOCK": {
      "type": "u32",
      "value": 64
    }
  }
} as const satisfies KernelModule;
