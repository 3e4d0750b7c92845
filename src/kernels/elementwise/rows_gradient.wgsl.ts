// Generated from rows_gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: c549082329eec2fb4a5e8403147dee5186bee1214161b5704f1e552c1f1f3e5c
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
  "const OPERATION: u32 = 1u;",
  "const WRITTEN: u32 = 1u;",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  inner: u32,",
  "  chunks: u32,",
  "  block: u32,",
  "  steps: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> saved: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read> b: array<f32>;",
  "@group(0) @binding(3) var<storage, read_write> aGradient: array<vec4<f32>>;",
  "@group(0) @binding(4) var<storage, read_write> sums: array<f32>;",
  "@group(0) @binding(5) var<uniform> params: Params;",
  "",
  "",
  "fn term(place: u32, value: vec4<f32>) -> vec4<f32> {",
  "  let gradient = outputGradient[place];",
  "  if (OPERATION == 1u) {",
  "    if (WRITTEN == 1u) {",
  "      aGradient[place] = gradient * value;",
  "    }",
  "    return gradient * saved[place];",
  "  }",
  "  let quotient = gradient / value;",
  "  if (WRITTEN == 1u) {",
  "    aGradient[place] = quotient;",
  "  }",
  "  return -(quotient * saved[place]);",
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
  "  let row = index / params.chunks;",
  "  let chunk = index - row * params.chunks;",
  "  let first = chunk / params.block * params.block * params.steps + chunk % params.block;",
  "  let start = row * params.inner;",
  "  let end = start + min(first + params.steps * params.block, params.inner);",
  "  let value = vec4<f32>(b[row]);",
  "  var sum = vec4<f32>(0.0);",
  "  var place = start + first;",
  "  for (; place + params.block < end; place += 2u * params.block) {",
  "    sum += term(place, value) + term(place + params.block, value);",
  "  }",
  "  if (place < end) {",
  "    sum += term(place, value);",
  "  }",
  "  sums[index] = (sum.x + sum.y) + (sum.z + sum.w);",
  "}",
  "",
].join('\n');

export const rowsGradient = {
  source,
  "name": "elementwise/rows_gradient",
  "features": [],
  "bindings": {
    "outputGradient": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "saved": {
      "index": 1,
      "access": "read",
      "element": "vec4<f32>"
    },
    "b": {
      "index": 2,
      "access": "read",
      "element": "f32"
    },
    "aGradient": {
      "index": 3,
      "access": "read_write",
      "element": "vec4<f32>"
    },
    "sums": {
      "index": 4,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 5,
    "size": 32,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "inner": {
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
      }
    }
  },
  "constants": {
    "OPERATION": {
      "type": "u32",
      "value": 1
    },
    "WRITTEN": {
      "type": "u32",
      "value": 1
    },
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    }
  }
} as const satisfies KernelModule;
