// Generated from weight_transform.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: fdcd2e3b3fc51cd1c0c4465ac00490710795dcbdfb677946dd04a9ea95cc05c1
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const TRANSPOSED: u32 = 0u;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  columns: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> weight: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> points: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "fn tap(number: u32, row: u32, column: u32) -> f32 {",
  "  let forward = (number * params.rows + row) * params.columns + column;",
  "  let backward = ((8u - number) * params.columns + column) * params.rows + row;",
  "  return weight[select(forward, backward, TRANSPOSED == 1u)];",
  "}",
  "",
  "",
  "fn transform(g0: f32, g1: f32, g2: f32) -> array<f32, 6> {",
  "  let outer = (g0 + g2) / 6.0;",
  "  let inner = g1 / 6.0;",
  "  let wide = g0 / 24.0 + g2 / 6.0;",
  "  let half = g1 / 12.0;",
  "  return array<f32, 6>(",
  "    g0 / 4.0,",
  "    -outer - inner,",
  "    inner - outer,",
  "    wide + half,",
  "    wide - half,",
  "    g2,",
  "  );",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (index >= params.rows * params.columns) {",
  "    return;",
  "  }",
  "  let row = index / params.columns;",
  "  let column = index % params.columns;",
  "  var rows: array<array<f32, 6>, 3>;",
  "  for (var i = 0u; i < 3u; i++) {",
  "    rows[i] = transform(",
  "      tap(3u * i, row, column),",
  "      tap(3u * i + 1u, row, column),",
  "      tap(3u * i + 2u, row, column),",
  "    );",
  "  }",
  "  let step = params.rows * params.columns;",
  "  for (var j = 0u; j < 6u; j++) {",
  "    let point = transform(rows[0][j], rows[1][j], rows[2][j]);",
  "    for (var i = 0u; i < 6u; i++) {",
  "      points[(i * 6u + j) * step + index] = point[i];",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const weightTransform = {
  source,
  "name": "winograd/weight_transform",
  "features": [],
  "bindings": {
    "weight": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "points": {
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
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "TRANSPOSED": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
