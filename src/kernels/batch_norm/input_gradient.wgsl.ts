// Generated from input_gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: d995d8447e95e7478d0fcb2c411e8d550c6e7ff2164b480711639cf153e8a09a
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
  "const WORKGROUP: u32 = 64u;",
  "",
  "",
  "const IN_FLIGHT: u32 = 2u;",
  "const BATCH: u32 = 1u;",
  "const RELU: u32 = 0u;",
  "",
  "struct Params {",
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
  "@group(0) @binding(6) var<storage, read> averages: array<f32>;",
  "@group(0) @binding(7) var<storage, read_write> inputGradient: array<vec4<f32>>;",
  "@group(0) @binding(8) var<uniform> params: Params;",
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
  "  var average = vec4<f32>(0.0);",
  "  var slope = vec4<f32>(0.0);",
  "  if (BATCH == 1u) {",
  "    let s = 2u * c;",
  "    average = vec4<f32>(averages[s.x], averages[s.y], averages[s.z], averages[s.w]);",
  "    slope = vec4<f32>(averages[s.x + 1u], averages[s.y + 1u], averages[s.z + 1u], averages[s.w + 1u]) * inverse;",
  "  }",
  "",
  "  let stride = params.phases * params.columns;",
  "  let first = ((slice / params.phases) * params.phases * params.steps + slice % params.phases) * params.columns + column;",
  "  let end = min(first + stride * params.steps, params.vectors);",
  "  for (var index = first; index < end; index += IN_FLIGHT * stride) {",
  "    var gradients: array<vec4<f32>, IN_FLIGHT>;",
  "    for (var k = 0u; k < IN_FLIGHT; k++) {",
  "      let place = min(index + k * stride, params.vectors - 1u);",
  "      var gradient = outputGradient[place];",
  "      if (RELU == 1u) {",
  "        gradient = select(gradient, vec4<f32>(0.0), fma(input[place] - center, factor, offset) <= vec4<f32>(0.0));",
  "      }",
  "      if (BATCH == 1u) {",
  "        gradient = (gradient - average) - (input[place] - center) * slope;",
  "      }",
  "      gradients[k] = gradient * factor;",
  "    }",
  "    for (var k = 0u; k < IN_FLIGHT; k++) {",
  "      if (index + k * stride < end) {",
  "        inputGradient[index + k * stride] = gradients[k];",
  "      }",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const inputGradient = {
  source,
  "name": "batch_norm/input_gradient",
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
    "averages": {
      "index": 6,
      "access": "read",
      "element": "f32"
    },
    "inputGradient": {
      "index": 7,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 8,
    "size": 32,
    "fields": {
      "channels": {
        "offset": 0,
        "type": "u32"
      },
      "columns": {
        "offset": 4,
        "type": "u32"
      },
      "vectors": {
        "offset": 8,
        "type": "u32"
      },
      "phases": {
        "offset": 12,
        "type": "u32"
      },
      "steps": {
        "offset": 16,
        "type": "u32"
      },
      "slices": {
        "offset": 20,
        "type": "u32"
      },
      "epsilon": {
        "offset": 24,
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
    "BATCH": {
      "type": "u32",
      "value": 1
    },
    "RELU": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
