// Generated from row_statistics.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: deca357e5e5cbe53b8c023c217756c275e2ad7a2bfeff63fb118145a45fa5885
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
  "const WORKGROUP: u32 = 64u;",
  "const ALIGNED: u32 = 0u;",
  "const NOTHING: f32 = -1e38;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  columns: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "fn largest(v: vec4<f32>) -> f32 {",
  "  return max(max(v.x, v.y), max(v.z, v.w));",
  "}",
  "",
  "",
  "fn within(quad: u32, begin: u32, end: u32) -> vec4<f32> {",
  "  let element = vec4<u32>(4u * quad) + vec4<u32>(0u, 1u, 2u, 3u);",
  "  return select(",
  "    vec4<f32>(NOTHING),",
  "    input[quad],",
  "    (element >= vec4<u32>(begin)) & (element < vec4<u32>(end)),",
  "  );",
  "}",
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
  "  let begin = row * params.columns;",
  "  let end = begin + params.columns;",
  "  let first = begin / 4u;",
  "  let last = (end - 1u) / 4u;",
  "",
  "  var maximum = f32(NOTHING);",
  "  var sum = vec4<f32>(0.0);",
  "  var quad = first;",
  "",
  "  var whole = last + 1u;",
  "  if (ALIGNED == 0u) {",
  "    let start = within(first, begin, end);",
  "    maximum = largest(start);",
  "    sum = exp(start - maximum);",
  "    quad = first + 1u;",
  "    whole = last;",
  "  }",
  "  for (; quad + 2u <= whole; quad += 2u) {",
  "    let a = input[quad];",
  "    let b = input[quad + 1u];",
  "    let larger = max(maximum, largest(select(a, b, b > a)));",
  "    sum = sum * exp(maximum - larger) + exp(a - larger) + exp(b - larger);",
  "    maximum = larger;",
  "  }",
  "  for (; quad <= last; quad++) {",
  "    let values = within(quad, begin, end);",
  "    let larger = max(maximum, largest(values));",
  "    sum = sum * exp(maximum - larger) + exp(values - larger);",
  "    maximum = larger;",
  "  }",
  "  statistics[row] = vec2<f32>(maximum, log((sum.x + sum.y) + (sum.z + sum.w)));",
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
      "element": "vec4<f32>"
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
    "ALIGNED": {
      "type": "u32",
      "value": 0
    },
    "NOTHING": {
      "type": "f32",
      "value": -1e+38
    }
  }
} as const satisfies KernelModule;
