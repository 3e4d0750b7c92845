// Generated from pack.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 7241e31a8048950fcf66bbbee583bbe162cf0b91f1402d5c0945897034c8d575
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const STRIP: u32 = 8u;",
  "",
  "struct Params {",
  "  matrices: u32,",
  "  rows: u32,",
  "  columns: u32,",
  "  packedRows: u32,",
  "  packedWidth: u32,",
  "  transposed: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> matrix: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> packed: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "fn element(m: u32, row: u32, column: u32) -> f32 {",
  "  let inside = row < params.rows && column < params.columns;",
  "  let index = (m * params.rows + row) * params.columns + column;",
  "  return select(0.0, matrix[index], inside);",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let strips = (params.packedWidth + STRIP - 1u) / STRIP;",
  "  let m = index / params.packedRows / strips;",
  "  if (m >= params.matrices) {",
  "    return;",
  "  }",
  "  let row = index % params.packedRows;",
  "  let first = index / params.packedRows % strips * STRIP;",
  "  let last = min(first + STRIP, params.packedWidth);",
  "  let packedRow = (m * params.packedRows + row) * params.packedWidth;",
  "  for (var vector = first; vector < last; vector++) {",
  "    let column = 4u * vector;",
  "    if (params.transposed == 1u) {",
  "      packed[packedRow + vector] = vec4<f32>(",
  "        element(m, column, row),",
  "        element(m, column + 1u, row),",
  "        element(m, column + 2u, row),",
  "        element(m, column + 3u, row),",
  "      );",
  "    } else {",
  "      packed[packedRow + vector] = vec4<f32>(",
  "        element(m, row, column),",
  "        element(m, row, column + 1u),",
  "        element(m, row, column + 2u),",
  "        element(m, row, column + 3u),",
  "      );",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const pack = {
  source,
  "name": "matmul/pack",
  "features": [],
  "bindings": {
    "matrix": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "packed": {
      "index": 1,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 2,
    "size": 32,
    "fields": {
      "matrices": {
        "offset": 0,
        "type": "u32"
      },
      "rows": {
        "offset": 4,
        "type": "u32"
      },
      "columns": {
        "offset": 8,
        "type": "u32"
      },
      "packedRows": {
        "offset": 12,
        "type": "u32"
      },
      "packedWidth": {
        "offset": 16,
        "type": "u32"
      },
      "transposed": {
        "offset": 20,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "STRIP": {
      "type": "u32",
      "value": 8
    }
  }
} as const satisfies KernelModule;
