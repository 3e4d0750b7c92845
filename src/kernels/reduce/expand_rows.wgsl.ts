// Generated from expand_rows.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 5c10a44e644f1e97603c9d77a556097aaa59335b47c6d1966d9b2da0ce6744a0
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const PER_INVOCATION: u32 = 4u;",
  "",
  "const BLOCK: u32 = 64u;",
  "",
  "const ROWS: u32 = 4u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  length: u32,",
  "  lastRow: u32,",
  "  strideRows: u32,",
  "  strideColumns: u32,",
  "  scale: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
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
  "  var row = 4u * first / params.length;",
  "  var column = 4u * first - row * params.length;",
  "  let only = params.scale * input[0];",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    if (ROWS == 0u) {",
  "      output[index] = vec4<f32>(only);",
  "      continue;",
  "    }",
  "    var value = vec4<f32>(input[row]);",
  "    if (ROWS == 2u) {",
  "      let next = input[min(row + 1u, params.lastRow)];",
  "      value = select(vec4<f32>(next), value, vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.length));",
  "    } else if (ROWS == 4u) {",
  "      value.y = input[min(row + (column + 1u) / params.length, params.lastRow)];",
  "      value.z = input[min(row + (column + 2u) / params.length, params.lastRow)];",
  "      value.w = input[min(row + (column + 3u) / params.length, params.lastRow)];",
  "    }",
  "    output[index] = params.scale * value;",
  "    row += params.strideRows;",
  "    column += params.strideColumns;",
  "    if (column >= params.length) {",
  "      column -= params.length;",
  "      row += 1u;",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const expandRows = {
  source,
  "name": "reduce/expand_rows",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "output": {
      "index": 1,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 2,
    "size": 32,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "length": {
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
      },
      "scale": {
        "offset": 20,
        "type": "f32"
      }
    }
  },
  "constants": {
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
