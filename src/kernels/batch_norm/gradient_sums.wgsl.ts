// Generated from gradient_sums.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 6e3c95af23c0135e998a5a6f6a52b65a91dfac25ad245dc7aac7ae031b4522ab
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "",
  "const IN_FLIGHT: u32 = 2u;",
  "const RELU: u32 = 0u;",
  "",
  "struct Params {",
  "  size: u32,",
  "  channels: u32,",
  "  columns: u32,",
  "  vectors: u32,",
  "  phases: u32,",
  "  steps: u32,",
  "  slices: u32,",
  "  epsilon: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read> mean: array<f32>;",
  "@group(0) @binding(3) var<storage, read> variance: array<f32>;",
  "@group(0) @binding(4) var<storage, read> scale: array<f32>;",
  "@group(0) @binding(5) var<storage, read> shift: array<f32>;",
  "@group(0) @binding(6) var<storage, read_write> sums: array<vec4<f32>>;",
  "@group(0) @binding(7) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (id >= params.slices * params.columns) {",
  "    return;",
  "  }",
  "  let slice = id / params.columns;",
  "  let column = id - slice * params.columns;",
  "  let c = (vec4<u32>(4u * column) + vec4<u32>(0u, 1u, 2u, 3u)) % params.channels;",
  "  let center = vec4<f32>(mean[c.x], mean[c.y], mean[c.z], mean[c.w]);",
  "  let spread = vec4<f32>(variance[c.x], variance[c.y], variance[c.z], variance[c.w]);",
  "  let inverse = inverseSqrt(spread + params.epsilon);",
  "  let factor = vec4<f32>(scale[c.x], scale[c.y], scale[c.z], scale[c.w]) * inverse;",
  "  let offset = vec4<f32>(shift[c.x], shift[c.y], shift[c.z], shift[c.w]);",
  "",
  "  let stride = params.phases * params.columns;",
  "  let first = ((slice / params.phases) * params.phases * params.steps + slice % params.phases) * params.columns + column;",
  "  let end = min(first + stride * params.steps, params.vectors);",
  "  var sum = vec4<f32>(0.0);",
  "  var product = vec4<f32>(0.0);",
  "",
  "  let size = min(4u * end, params.size);",
  "  for (var index = first; index < end; index += IN_FLIGHT * stride) {",
  "    for (var k = 0u; k < IN_FLIGHT; k++) {",
  "      let place = index + k * stride;",
  "      let centered = input[min(place, params.vectors - 1u)] - center;",
  "      var gradient = outputGradient[min(place, params.vectors - 1u)];",
  "      if (RELU == 1u) {",
  "        gradient = select(gradient, vec4<f32>(0.0), fma(centered, factor, offset) <= vec4<f32>(0.0));",
  "      }",
  "      let inside = vec4<u32>(4u * place) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(size);",
  "      sum += select(vec4<f32>(0.0), gradient, inside);",
  "      product += select(vec4<f32>(0.0), gradient * centered, inside);",
  "    }",
  "  }",
  "  sums[id] = sum;",
  "  sums[params.slices * params.columns + id] = product * inverse;",
  "}",
  "",
].join('\n');

export const gradientSums = {
  source,
  "name": "batch_norm/gradient_sums",
  "features": [],
  "bindings": {
    "outputGradient": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "input": {
      "index": 1,
      "access": "read",
      "element": "vec4<f32>"
    },
    "mean": {
      "index": 2,
      "access": "read",
      "element": "f32"
    },
    "variance": {
      "index": 3,
      "access": "read",
      "element": "f32"
    },
    "scale": {
      "index": 4,
      "access": "read",
      "element": "f32"
    },
    "shift": {
      "index": 5,
      "access": "read",
      "element": "f32"
    },
    "sums": {
      "index": 6,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 7,
    "size": 32,
    "fields": {
      "size": {
        "offset": 0,
        "type": "u32"
      },
      "channels": {
        "offset": 4,
        "type": "u32"
      },
      "columns": {
        "offset": 8,
        "type": "u32"
      },
      "vectors": {
        "offset": 12,
        "type": "u32"
      },
      "phases": {
        "offset": 16,
        "type": "u32"
      },
      "steps": {
        "offset": 20,
        "type": "u32"
      },
      "slices": {
        "offset": 24,
        "type": "u32"
      },
      "epsilon": {
        "offset": 28,
        "type": "f32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "IN_FLIGHT": {
      "type": "u32",
      "value": 2
    },
    "RELU": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
