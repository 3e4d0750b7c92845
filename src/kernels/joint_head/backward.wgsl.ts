// Generated from backward.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 8badc8612463af1817b393a28f98b3d77d3c153eb066ceda3263fa0e43af0706
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
  "",
  "struct Params {",
  "  locations: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> logits: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> labels: array<u32>;",
  "@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;",
  "@group(0) @binding(3) var<storage, read> weights: array<vec2<f32>>;",
  "@group(0) @binding(4) var<storage, read> lossGradient: array<f32>;",
  "@group(0) @binding(5) var<storage, read_write> logitGradient: array<vec4<f32>>;",
  "@group(0) @binding(6) var<storage, read_write> locationGradient: array<f32>;",
  "@group(0) @binding(7) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let location = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (location >= params.locations) {",
  "    return;",
  "  }",
  "  let image = location / params.locationsPerImage;",
  "  let weight = weights[location] * lossGradient[image];",
  "  locationGradient[location] = weight.y;",
  "",
  "  let statistic = statistics[location];",
  "  let begin = location * params.classes;",
  "  let end = begin + params.classes;",
  "",
  "  let labelled = begin + labels[image];",
  "  let offsets = vec4<u32>(0u, 1u, 2u, 3u);",
  "  var quad = (begin + 3u) / 4u;",
  "  for (; 4u * quad + 3u < end; quad++) {",
  "    let isLabel = vec4<f32>(vec4<u32>(4u * quad) + offsets == vec4<u32>(labelled));",
  "    logitGradient[quad] = weight.x * (exp((logits[quad] - statistic.x) - statistic.y) - isLabel);",
  "  }",
  "  if (ALIGNED == 0u && 4u * quad < end) {",
  "    let next = min(location + 1u, params.locations - 1u);",
  "    let nextImage = next / params.locationsPerImage;",
  "    let nextStatistic = statistics[next];",
  "    let nextWeight = weights[next].x * lossGradient[nextImage];",
  "    let element = vec4<u32>(4u * quad) + offsets;",
  "    let own = element < vec4<u32>(end);",
  "    let maximum = select(vec4<f32>(nextStatistic.x), vec4<f32>(statistic.x), own);",
  "    let logSum = select(vec4<f32>(nextStatistic.y), vec4<f32>(statistic.y), own);",
  "    let scale = select(vec4<f32>(nextWeight), vec4<f32>(weight.x), own);",
  "    let nextLabelled = end + labels[nextImage];",
  "    let isLabel = vec4<f32>(element == select(vec4<u32>(nextLabelled), vec4<u32>(labelled), own));",
  "    logitGradient[quad] = scale * (exp((logits[quad] - maximum) - logSum) - isLabel);",
  "  }",
  "}",
  "",
].join('\n');

export const backward = {
  source,
  "name": "joint_head/backward",
  "features": [],
  "bindings": {
    "logits": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "labels": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "statistics": {
      "index": 2,
      "access": "read",
      "element": "vec2<f32>"
    },
    "weights": {
      "index": 3,
      "access": "read",
      "element": "vec2<f32>"
    },
    "lossGradient": {
      "index": 4,
      "access": "read",
      "element": "f32"
    },
    "logitGradient": {
      "index": 5,
      "access": "read_write",
      "element": "vec4<f32>"
    },
    "locationGradient": {
      "index": 6,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 7,
    "size": 16,
    "fields": {
      "locations": {
        "offset": 0,
        "type": "u32"
      },
      "locationsPerImage": {
        "offset": 4,
        "type": "u32"
      },
      "classes": {
        "offset": 8,
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
    }
  }
} as const satisfies KernelModule;
