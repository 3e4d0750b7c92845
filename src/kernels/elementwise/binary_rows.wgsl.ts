// Generated from binary_rows.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 4e3cbd0424434c6123ad62d93031e798b133a0e92ac9b2e2e1ad51dc026a0028
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
  "",
  "struct Params {",
  "  count: u32,",
  "  inner: u32,",
  "  lastRow: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> b: array<f32>;",
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
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (index >= params.count) {",
  "    return;",
  "  }",
  "  let first = 4u * index;",
  "  let row = first / params.inner;",
  "  let lastOfFour = min((first + 3u) / params.inner, params.lastRow);",
  "  var y = vec4<f32>(b[row]);",
  "  if (lastOfFour != row) {",
  "    y.y = b[min((first + 1u) / params.inner, params.lastRow)];",
  "    y.z = b[min((first + 2u) / params.inner, params.lastRow)];",
  "    y.w = b[lastOfFour];",
  "  }",
  "  output[index] = apply(a[index], y);",
  "}",
  "",
].join('\n');

export const binaryRows = {
  source,
  "name": "elementwise/binary_rows",
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
      "element": "f32"
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
      },
      "inner": {
        "offset": 4,
        "type": "u32"
      },
      "lastRow": {
        "offset": 8,
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
    }
  }
} as const satisfies KernelModule;
