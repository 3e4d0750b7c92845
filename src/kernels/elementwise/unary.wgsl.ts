// Generated from unary.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 41f7987c7a0ed1edb0fe20fa3981c7d99706dd1edaf371c9117c02b62d1fa54a
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
  "const PER_INVOCATION: u32 = 4u;",
  "",
  "const BLOCK: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  first: f32,",
  "  second: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "",
  "fn log1p(u: vec4<f32>) -> vec4<f32> {",
  "  let s = u / (2.0 + u);",
  "  let t = s * s;",
  "  var series = vec4<f32>(0.14005993);",
  "  series = series * t + 0.14000903;",
  "  series = series * t + 0.20010763;",
  "  series = series * t + 0.3333321;",
  "  return 2.0 * (s + s * t * series);",
  "}",
  "",
  "fn apply(x: vec4<f32>) -> vec4<f32> {",
  "  if (OPERATION == 0u) {",
  "    return x * params.first + params.second;",
  "  } else if (OPERATION == 1u) {",
  "    return exp(x);",
  "  } else if (OPERATION == 2u) {",
  "    return log(x);",
  "  } else if (OPERATION == 3u) {",
  "    return max(x, vec4<f32>(0.0)) + log1p(exp(-abs(x)));",
  "  } else if (OPERATION == 4u) {",
  "    return abs(x);",
  "  } else if (OPERATION == 5u) {",
  "    return x * x;",
  "  } else if (OPERATION == 6u) {",
  "    return sqrt(x);",
  "  }",
  "  return clamp(x, vec4<f32>(params.first), vec4<f32>(params.second));",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    output[index] = apply(input[index]);",
  "  }",
  "}",
  "",
].join('\n');

export const unary = {
  source,
  "name": "elementwise/unary",
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
    "size": 16,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "first": {
        "offset": 4,
        "type": "f32"
      },
      "second": {
        "offset": 8,
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
    "PER_INVOCATION": {
      "type": "u32",
      "value": 4
    },
    "BLOCK": {
      "type": "u32",
      "value": 64
    }
  }
} as const satisfies KernelModule;
