// Generated from pack.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: cde85735ea1f161dc6e752136b09a138a1cdec06c244c72bfd9e6f026c128262
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  matrices: u32,",
  "  rows: u32,",
  "  columns: u32,",
  "  transposed: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> matrix: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> packed: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "fn element(m: u32, row: u32, column: u32) -> f32 {",
  "  let plain = row * params.columns + column;",
  "  let swapped = column * params.rows + row;",
  "  let index = m * params.rows * params.columns + select(plain, swapped, params.transposed == 1u);",
  "  return select(0.0, matrix[index], column < params.columns);",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let width = (params.columns + 3u) / 4u;",
  "  let column = index % width * 4u;",
  "  let row = index / width % params.rows;",
  "  let m = index / width / params.rows;",
  "  if (m >= params.matrices) {",
  "    return;",
  "  }",
  "  packed[index] = vec4<f32>(",
  "    element(m, row, column),",
  "    element(m, row, column + 1u),",
  "    element(m, row, column + 2u),",
  "    element(m, row, column + 3u),",
  "  );",
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
    "size": 16,
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
      "transposed": {
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
