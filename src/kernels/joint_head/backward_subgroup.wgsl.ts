// Generated from backward_subgroup.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: f29693c4142b8b6c62d178f578587a6abc57738d91e3bf6026a3c0e6997acbe8
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "enable subgroups;",
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
  "const LANES: u32 = 8u;",
  "const ALIGNED: u32 = 0u;",
  "",
  "struct Params {",
  "  locations: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "  quads: u32,",
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
  "  @builtin(subgroup_invocation_id) id: u32,",
  ") {",
  "  let own = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "",
  "  let location = min(own, params.locations - 1u);",
  "  let image = location / params.locationsPerImage;",
  "  let label = labels[image];",
  "  let statistic = statistics[location];",
  "  let weight = weights[location] * lossGradient[image];",
  "  if (own < params.locations) {",
  "    locationGradient[own] = weight.y;",
  "  }",
  "",
  "  let offsets = vec4<u32>(0u, 1u, 2u, 3u);",
  "  let steps = (params.classes + 3u) / 4u;",
  "",
  "  let begin = (own - id) / 4u * params.classes;",
  "  let end = min(begin + LANES / 4u * params.classes, params.quads);",
  "  var index = begin + id;",
  "",
  "  var owner = 0u;",
  "  var column = 4u * id;",
  "  for (var step = 0u; step < steps; step++) {",
  "    var maximum = vec4<f32>(subgroupShuffle(statistic.x, owner));",
  "    var logSum = vec4<f32>(subgroupShuffle(statistic.y, owner));",
  "    var scale = vec4<f32>(subgroupShuffle(weight.x, owner));",
  "    var isLabel = vec4<u32>(column) + offsets == vec4<u32>(subgroupShuffle(label, owner));",
  "    if (ALIGNED == 0u) {",
  "      let next = min(owner + 1u, LANES - 1u);",
  "      let isOwn = vec4<u32>(column) + offsets < vec4<u32>(params.classes);",
  "      let nextLabel = params.classes + subgroupShuffle(label, next);",
  "      maximum = select(vec4<f32>(subgroupShuffle(statistic.x, next)), maximum, isOwn);",
  "      logSum = select(vec4<f32>(subgroupShuffle(statistic.y, next)), logSum, isOwn);",
  "      scale = select(vec4<f32>(subgroupShuffle(weight.x, next)), scale, isOwn);",
  "      isLabel = select(vec4<u32>(column) + offsets == vec4<u32>(nextLabel), isLabel, isOwn);",
  "    }",
  "    if (index < end) {",
  "      logitGradient[index] = scale * (exp((logits[index] - maximum) - logSum) - vec4<f32>(isLabel));",
  "    }",
  "    index += LANES;",
  "    column += 4u * LANES;",
  "    let wraps = column >= params.classes;",
  "    column = select(column, column - params.classes, wraps);",
  "    owner = select(owner, min(owner + 1u, LANES - 1u), wraps);",
  "  }",
  "}",
  "",
].join('\n');

export const backwardSubgroup = {
  source,
  "name": "joint_head/backward_subgroup",
  "features": [
    "subgroups"
  ],
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
      },
      "quads": {
        "offset": 12,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "LANES": {
      "type": "u32",
      "value": 8
    },
    "ALIGNED": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
