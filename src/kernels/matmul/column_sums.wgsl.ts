// Generated from column_sums.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: a5d20879eecf5689f4df4d9aa485c653551986b3a486d9d0b1a192508b72538d
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  columns: u32,",
  "  partRows: u32,",
  "  parts: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> matrix: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let column = index % params.columns;",
  "  let part = index / params.columns;",
  "  if (part >= params.parts) {",
  "    return;",
  "  }",
  "  let last = min((part + 1u) * params.partRows, params.rows);",
  "  var total = 0.0;",
  "  for (var row = part * params.partRows; row < last; row++) {",
  "    total += matrix[row * params.columns + column];",
  "  }",
  "  output[index] = total;",
  "}",
  "",
].join('\n');

export const columnSums = {
  source,
  "name": "matmul/column_sums",
  "features": [],
  "bindings": {
    "matrix": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "output": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
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
      },
      "partRows": {
        "offset": 8,
        "type": "u32"
      },
      "parts": {
        "offset": 12,
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
