// Generated from reduce_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: d6ff60e53ed240263e1578f0a07dbc9cbefd7382691fdb64a6524d5c792fcd4f
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "const OPERATION: u32 = 0u;",
  "const WORKGROUP: u32 = 64u;",
  "",
  "const IN_FLIGHT: u32 = 4u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  length: u32,",
  "  chunks: u32,",
  "  inner: u32,",
  "  scale: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "fn combine(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {",
  "  if (OPERATION == 0u) {",
  "    return a + b;",
  "  } else if (OPERATION == 1u) {",
  "    return max(a, b);",
  "  }",
  "  return min(a, b);",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (index >= params.count) {",
  "    return;",
  "  }",
  "  let column = index % params.inner;",
  "  let chunk = (index / params.inner) % params.chunks;",
  "  let row = index / (params.inner * params.chunks);",
  "  let step = params.chunks * params.inner;",
  "  var place = (row * params.length + chunk) * params.inner + column;",
  "  var result = input[place];",
  "  place += step;",
  "  var k = chunk + params.chunks;",
  "  for (; IN_FLIGHT == 4u && k + 3u * params.chunks < params.length; k += 4u * params.chunks) {",
  "    let first = combine(input[place], input[place + step]);",
  "    let second = combine(input[place + 2u * step], input[place + 3u * step]);",
  "    result = combine(result, combine(first, second));",
  "    place += 4u * step;",
  "  }",
  "  for (; k < params.length; k += params.chunks) {",
  "    result = combine(result, input[place]);",
  "    place += step;",
  "  }",
  "  output[index] = params.scale * result;",
  "}",
  "",
].join('\n');

export const reduceVec4 = {
  source,
  "name": "reduce/reduce_vec4",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "output": {
      "index": 1,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 2,
    "size": 32,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "length": {
        "offset": 4,
        "type": "u32"
      },
      "chunks": {
        "offset": 8,
        "type": "u32"
      },
      "inner": {
        "offset": 12,
        "type": "u32"
      },
      "scale": {
        "offset": 16,
        "type": "f32"
      }
    }
  },
  "constants": {
    "OPERATION": {
      "type": "u32",
      "value": 0
    },
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "IN_FLIGHT": {
      "type": "u32",
      "value": 4
    }
  }
} as const satisfies KernelModule;
