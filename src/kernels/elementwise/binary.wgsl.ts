// Generated from binary.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: a86ce20f1cb6acdae0613af515cb71ba61d67f07002b81ddf00eef68fa8aba0d
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const OPERATION: u32 = 0u;",
  "const WORKGROUP: u32 = 64u;",
  "const PER_INVOCATION: u32 = 4u;",
  "",
  "const BLOCK: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "fn apply(x: vec4<f32>, y: vec4<f32>) -> vec4<f32> {",
  "  if (OPERATION == 0u) {",
  "    return x - y;",
  "  } else if (OPERATION == 1u) {",
  "    return x * y;",
  "  } else if (OPERATION == 2u) {",
  "    return x / y;",
  "  } else if (OPERATION == 3u) {",
  "    return -(x * y);",
  "  }",
  "  return select(vec4<f32>(0.0), vec4<f32>(1.0), x == y);",
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
  "    output[index] = apply(a[index], b[index]);",
  "  }",
  "}",
  "",
].join('\n');

export const binary = {
  source,
  "name": "elementwise/binary",
  "features": [],
  "bindings": {
    "a": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "b": {
      "index": 1,
      "access": "read",
      "element": "vec4<f32>"
    },
    "output": {
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
      }
    }
  },
  "constants": {
    "OPERATION": {
      "type": "u32",
      "value": 0
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
