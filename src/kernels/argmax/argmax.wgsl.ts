// Generated from argmax.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 811d0e85af201a32c01e2811f1217cc537059436bc76e1abbf1c5a2f1879ebf6
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  columns: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<u32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let row = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (row >= params.rows) {",
  "    return;",
  "  }",
  "  let base = row * params.columns;",
  "  var best = 0u;",
  "  var largest = input[base];",
  "  for (var column = 1u; column < params.columns; column++) {",
  "    let value = input[base + column];",
  "    if (value > largest) {",
  "      largest = value;",
  "      best = column;",
  "    }",
  "  }",
  "  output[row] = best;",
  "}",
  "",
].join('\n');

export const argmax = {
  source,
  "name": "argmax/argmax",
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
      "element": "u32"
    }
  },
  "params": {
    "index": 2,
    "size": 16,
    "fields": {
      "rows": {
        "offset": 0,
        "type": "u32"
      },
      "columns": {
        "offset": 4,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    }
  }
} as const satisfies KernelModule;
