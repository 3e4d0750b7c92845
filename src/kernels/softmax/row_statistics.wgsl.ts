// Generated from row_statistics.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: d59fc85c7b59a6bc4054bcdb772033f97659df31d730a8048000a095238201db
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const CHUNK: u32 = 8u;",
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
  "  var maximum = input[base];",
  "  var sum = 0.0;",
  "  var first = 0u;",
  "  for (; first + CHUNK <= params.columns; first += CHUNK) {",
  "    var chunk: array<f32, CHUNK>;",
  "    var larger = maximum;",
  "    for (var i = 0u; i < CHUNK; i++) {",
  "      chunk[i] = input[base + first + i];",
  "      larger = max(larger, chunk[i]);",
  "    }",
  "    sum *= exp(maximum - larger);",
  "    maximum = larger;",
  "    for (var i = 0u; i < CHUNK; i++) {",
  "      sum += exp(chunk[i] - maximum);",
  "    }",
  "  }",
  "  for (; first < params.columns; first++) {",
  "    let value = input[base + first];",
  "    let larger = max(maximum, value);",
  "    sum = sum * exp(maximum - larger) + exp(value - larger);",
  "    maximum = larger;",
  "  }",
  "  statistics[row] = vec2<f32>(maximum, log(sum));",
  "}",
  "",
].join('\n');

export const rowStatistics = {
  source,
  "name": "softmax/row_statistics",
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
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "CHUNK": {
      "type": "u32",
      "value": 8
    }
  }
} as const satisfies KernelModule;
