// Generated from probabilities.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 74733c8424ac5c6fa8845f782b1272a795016c44e29d7eb7b775baa049434cde
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const LOG_ZERO: f32 = -1e30;",
  "",
  "struct Params {",
  "  images: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "  nanBits: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> logits: array<f32>;",
  "@group(0) @binding(1) var<storage, read> statistics: array<vec2<f32>>;",
  "@group(0) @binding(2) var<storage, read> prior: array<vec2<f32>>;",
  "@group(0) @binding(3) var<storage, read_write> probabilities: array<f32>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (index >= params.images * params.classes) {",
  "    return;",
  "  }",
  "  let image = index / params.classes;",
  "  let column = index % params.classes;",
  "  var sum = 0.0;",
  "  for (var z = 0u; z < params.locationsPerImage; z++) {",
  "    let location = image * params.locationsPerImage + z;",
  "    let statistic = statistics[location];",
  "    let logConditional = (logits[location * params.classes + column] - statistic.x) - statistic.y;",
  "    sum += exp(logConditional + prior[location].x);",
  "  }",
  "  let defined = prior[image * params.locationsPerImage].x > 1.5 * LOG_ZERO;",
  "  probabilities[index] = select(bitcast<f32>(params.nanBits), sum, defined);",
  "}",
  "",
].join('\n');

export const probabilities = {
  source,
  "name": "joint_head/probabilities",
  "features": [],
  "bindings": {
    "logits": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "statistics": {
      "index": 1,
      "access": "read",
      "element": "vec2<f32>"
    },
    "prior": {
      "index": 2,
      "access": "read",
      "element": "vec2<f32>"
    },
    "probabilities": {
      "index": 3,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 4,
    "size": 16,
    "fields": {
      "images": {
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
      "nanBits": {
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
    "LOG_ZERO": {
      "type": "f32",
      "value": -1e+30
    }
  }
} as const satisfies KernelModule;
