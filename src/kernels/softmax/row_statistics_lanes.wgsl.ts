// Generated from row_statistics_lanes.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: a6d88f1e35a5937a92477c92c2a69fe4558557158529f2d449433fac5ec994e0
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const LANES: u32 = 32u;",
  "const ROWS: u32 = 4u;",
  "const WORKGROUP = LANES * ROWS;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  columns: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "var<workgroup> partial: array<vec2<f32>, WORKGROUP>;",
  "",
  "",
  "fn merge(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {",
  "  let maximum = max(a.x, b.x);",
  "  return vec2<f32>(maximum, a.y * exp(a.x - maximum) + b.y * exp(b.x - maximum));",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) index: u32,",
  ") {",
  "  let lane = index % LANES;",
  "  let row = (group.x + group.y * groups.x) * ROWS + index / LANES;",
  "",
  "  let base = min(row, params.rows - 1u) * params.columns;",
  "  var total = vec2<f32>(input[base], 0.0);",
  "  for (var column = lane; column < params.columns; column += LANES) {",
  "    total = merge(total, vec2<f32>(input[base + column], 1.0));",
  "  }",
  "  partial[index] = total;",
  "  workgroupBarrier();",
  "  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {",
  "    if (lane < stride) {",
  "      partial[index] = merge(partial[index], partial[index + stride]);",
  "    }",
  "    workgroupBarrier();",
  "  }",
  "  if (lane == 0u && row < params.rows) {",
  "    statistics[row] = vec2<f32>(partial[index].x, log(partial[index].y));",
  "  }",
  "}",
  "",
].join('\n');

export const rowStatisticsLanes = {
  source,
  "name": "softmax/row_statistics_lanes",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "statistics": {
      "index": 1,
      "access": "read_write",
      "element": "vec2<f32>"
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
    "LANES": {
      "type": "u32",
      "value": 32
    },
    "ROWS": {
      "type": "u32",
      "value": 4
    }
  }
} as const satisfies KernelModule;
