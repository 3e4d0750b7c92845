// Generated from binary.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 57dd1d2642cbc28d9ef9ef6e03abc9706dc2a1a8c24dde6a376e0b069e01b8f6
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
  "  let first = (group.x + group.y * groups.x) * WORKGROUP * PER_INVOCATION + lane;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * WORKGROUP;",
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
    }
  }
} as const satisfies KernelModule;
