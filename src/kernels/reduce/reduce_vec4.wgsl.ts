// Generated from reduce_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 34783a41a54f62e6dfab823a13258e19e2b06389b323d43c91d94c5c61b75ce4
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
  "const OPERATION: u32 = 0u;",
  "const WORKGROUP: u32 = 64u;",
  "",
  "const IN_FLIGHT: u32 = 4u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  length: u32,",
  "  chunks: u32,",
  "  block: u32,",
  "  steps: u32,",
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
  "  let step = params.block * params.inner;",
  "  let first = chunk / params.block * params.block * params.steps + chunk % params.block;",
  "  let end = min(first + params.steps * params.block, params.length);",
  "  var place = (row * params.length + first) * params.inner + column;",
  "  var result = input[place];",
  "  place += step;",
  "  var k = first + params.block;",
  "  for (; IN_FLIGHT == 4u && k + 3u * params.block < end; k += 4u * params.block) {",
  "    let first = combine(input[place], input[place + step]);",
  "    let second = combine(input[place + 2u * step], input[place + 3u * step]);",
  "    result = combine(result, combine(first, second));",
  "    place += 4u * step;",
  "  }",
  "  for (; k < end; k += params.block) {",
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
      "block": {
        "offset": 12,
        "type": "u32"
      },
      "steps": {
        "offset": 16,
        "type": "u32"
      },
      "inner": {
        "offset": 20,
        "type": "u32"
      },
      "scale": {
        "offset": 24,
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
