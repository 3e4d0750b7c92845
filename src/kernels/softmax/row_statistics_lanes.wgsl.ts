// Generated from row_statistics_lanes.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 9a8101c8221093ce06fc2d0a42b8809575d93c8f53b6cf35beb1f04aaa645b18
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const LANES: u32 = 32u;",
  "const ROWS: u32 = 4u;",
  "const CHUNK: u32 = 4u;",
  "const LOWEST: f32 = -3.4028234e38;",
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
  "  var maximum = max(input[base], LOWEST);",
  "  var sum = 0.0;",
  "  for (var first = lane; first < params.columns; first += CHUNK * LANES) {",
  "    var chunk: array<f32, CHUNK>;",
  "    var larger = maximum;",
  "    for (var i = 0u; i < CHUNK; i++) {",
  "      let column = first + i * LANES;",
  "      chunk[i] = select(LOWEST, input[base + min(column, params.columns - 1u)], column < params.columns);",
  "      larger = max(larger, chunk[i]);",
  "    }",
  "    sum *= exp(maximum - larger);",
  "    maximum = larger;",
  "    for (var i = 0u; i < CHUNK; i++) {",
  "      sum += exp(chunk[i] - maximum);",
  "    }",
  "  }",
  "  partial[index] = vec2<f32>(maximum, sum);",
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
    },
    "CHUNK": {
      "type": "u32",
      "value": 4
    },
    "LOWEST": {
      "type": "f32",
      "value": -3.4028234e+38
    }
  }
} as const satisfies KernelModule;
