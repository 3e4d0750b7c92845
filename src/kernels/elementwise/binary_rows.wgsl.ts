// Generated from binary_rows.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 2dfac2b71361d516a94ed1d90c789c65ff8fa63975a2da97a2295debc5a83d78
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
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
  "const ROWS: u32 = 4u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  inner: u32,",
  "  lastRow: u32,",
  "  strideRows: u32,",
  "  strideColumns: u32,",
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
  "  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;",
  "",
  "  var row = 4u * first / params.inner;",
  "  var column = 4u * first - row * params.inner;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    var y = vec4<f32>(b[row]);",
  "    if (ROWS == 2u) {",
  "      let next = b[min(row + 1u, params.lastRow)];",
  "      y = select(vec4<f32>(next), y, vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.inner));",
  "    } else if (ROWS == 4u) {",
  "      y.y = b[min(row + (column + 1u) / params.inner, params.lastRow)];",
  "      y.z = b[min(row + (column + 2u) / params.inner, params.lastRow)];",
  "      y.w = b[min(row + (column + 3u) / params.inner, params.lastRow)];",
  "    }",
  "    output[index] = apply(a[index], y);",
  "    row += params.strideRows;",
  "    column += params.strideColumns;",
  "    if (column >= params.inner) {",
  "      column -= params.inner;",
  "      row += 1u;",
  "    }",
  "  }",
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
    "size": 32,
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
      },
      "strideRows": {
        "offset": 12,
        "type": "u32"
      },
      "strideColumns": {
        "offset": 16,
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
    },
    "ROWS": {
      "type": "u32",
      "value": 4
    }
  }
} as const satisfies KernelModule;
