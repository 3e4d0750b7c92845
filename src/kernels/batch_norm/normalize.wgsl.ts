// Generated from normalize.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 7be22885a69e324d31895fddfeb530729d5d2294480c083b62203cb809b95633
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
  "const RESIDUAL: u32 = 0u;",
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
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> residual: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read> mean: array<f32>;",
  "@group(0) @binding(3) var<storage, read> variance: array<f32>;",
  "@group(0) @binding(4) var<storage, read> scale: array<f32>;",
  "@group(0) @binding(5) var<storage, read> shift: array<f32>;",
  "@group(0) @binding(6) var<storage, read_write> output: array<vec4<f32>>;",
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
  "  let factor = vec4<f32>(scale[c.x], scale[c.y], scale[c.z], scale[c.w]) * inverseSqrt(spread + params.epsilon);",
  "  let offset = vec4<f32>(shift[c.x], shift[c.y], shift[c.z], shift[c.w]);",
  "",
  "  let stride = params.phases * params.columns;",
  "  let first = ((slice / params.phases) * params.phases * params.steps + slice % params.phases) * params.columns + column;",
  "  let end = min(first + stride * params.steps, params.vectors);",
  "  for (var index = first; index < end; index += IN_FLIGHT * stride) {",
  "    var values: array<vec4<f32>, IN_FLIGHT>;",
  "    for (var k = 0u; k < IN_FLIGHT; k++) {",
  "      let place = min(index + k * stride, params.vectors - 1u);",
  "",
  "      values[k] = fma(input[place] - center, factor, offset);",
  "      if (RESIDUAL == 1u) {",
  "        values[k] += residual[place];",
  "      }",
  "      if (RELU == 1u) {",
  "        values[k] = select(values[k], vec4<f32>(0.0), values[k] < vec4<f32>(0.0));",
  "      }",
  "    }",
  "    for (var k = 0u; k < IN_FLIGHT; k++) {",
  "      if (index + k * stride < end) {",
  "        output[index + k * stride] = values[k];",
  "      }",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const normalize = {
  source,
  "name": "batch_norm/normalize",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "residual": {
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
    "output": {
      "index": 6,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 7,
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
    "RESIDUAL": {
      "type": "u32",
      "value": 0
    },
    "RELU": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
