// Generated from backward.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: a677764f73f4e5d7d390b17d3bfc77ad964c23eeaca7b00f8cd22ca502b2f9d7
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  locations: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> logits: array<f32>;",
  "@group(0) @binding(1) var<storage, read> labels: array<u32>;",
  "@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;",
  "@group(0) @binding(3) var<storage, read> weights: array<vec2<f32>>;",
  "@group(0) @binding(4) var<storage, read> lossGradient: array<f32>;",
  "@group(0) @binding(5) var<storage, read_write> logitGradient: array<f32>;",
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
  "  let label = labels[image];",
  "  let maximum = statistics[location].x;",
  "  let logSum = statistics[location].y;",
  "  let row = location * params.classes;",
  "  for (var index = 0u; index < params.classes; index++) {",
  "    let conditional = exp((logits[row + index] - maximum) - logSum);",
  "    logitGradient[row + index] = weight.x * (conditional - select(0.0, 1.0, index == label));",
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
      "element": "f32"
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
      "element": "f32"
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
    }
  }
} as const satisfies KernelModule;
