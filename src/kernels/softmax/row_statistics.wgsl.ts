// Generated from row_statistics.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 13c9dc60d5c08cda42c76c300a8e89fd67455db10d3f35dea8d1d7b2eebc1a83
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
  "const WORKGROUP: u32 = 64u;",
  "const STREAMS: u32 = 8u;",
  "const ALIGNED: u32 = 0u;",
  "const LOWEST: f32 = -3.4028234e38;",
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
  "",
  "fn larger(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {",
  "  return select(a, b, b > a);",
  "}",
  "",
  "",
  "fn raise(maximum: f32, v: vec4<f32>) -> f32 {",
  "  let half = select(v.xy, v.zw, v.zw > v.xy);",
  "  let whole = select(half.x, half.y, half.y > half.x);",
  "  return select(maximum, whole, whole > maximum);",
  "}",
  "",
  "",
  "fn within(quad: u32, begin: u32, end: u32) -> vec4<f32> {",
  "  let element = vec4<u32>(4u * quad) + vec4<u32>(0u, 1u, 2u, 3u);",
  "  return select(",
  "    vec4<f32>(LOWEST),",
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
  "  let place = lane % STREAMS * (WORKGROUP / STREAMS) + lane / STREAMS;",
  "  let row = (group.x + group.y * groups.x) * WORKGROUP + place;",
  "  if (row >= params.rows) {",
  "    return;",
  "  }",
  "  let begin = row * params.columns;",
  "  let end = begin + params.columns;",
  "  let first = begin / 4u;",
  "  let last = (end - 1u) / 4u;",
  "",
  "  let start = within(first, begin, end);",
  "  var maximum = raise(LOWEST, start);",
  "  var sum = exp(start - maximum);",
  "",
  "  let whole = last + ALIGNED;",
  "  var quad = first + 1u;",
  "  for (; quad + 3u <= whole; quad += 3u) {",
  "    let a = input[quad];",
  "    let b = input[quad + 1u];",
  "    let c = input[quad + 2u];",
  "    let largest = raise(maximum, larger(larger(a, b), c));",
  "    sum = sum * exp(maximum - largest) + exp(a - largest) + exp(b - largest) + exp(c - largest);",
  "    maximum = largest;",
  "  }",
  "  for (; quad <= last; quad++) {",
  "    let values = within(quad, begin, end);",
  "    let largest = raise(maximum, values);",
  "    sum = sum * exp(maximum - largest) + exp(values - largest);",
  "    maximum = largest;",
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
    "STREAMS": {
      "type": "u32",
      "value": 8
    },
    "ALIGNED": {
      "type": "u32",
      "value": 0
    },
    "LOWEST": {
      "type": "f32",
      "value": -3.4028234e+38
    }
  }
} as const satisfies KernelModule;
