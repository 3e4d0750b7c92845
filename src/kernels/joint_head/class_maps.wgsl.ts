// Generated from class_maps.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: acd206656bf8a989d0b671d55337e137e81a57ef6607b9ee9bee579302cc451d
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
  "const OFFICIAL: u32 = 0u;",
  "const LOG_ZERO: f32 = -1e30;",
  "",
  "struct Params {",
  "  images: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "  setSize: u32,",
  "  nanBits: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> logits: array<f32>;",
  "@group(0) @binding(1) var<storage, read> classes: array<u32>;",
  "@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;",
  "@group(0) @binding(3) var<storage, read> prior: array<vec2<f32>>;",
  "@group(0) @binding(4) var<storage, read_write> joint: array<f32>;",
  "@group(0) @binding(5) var<storage, read_write> conditional: array<f32>;",
  "@group(0) @binding(6) var<storage, read_write> posterior: array<f32>;",
  "@group(0) @binding(7) var<storage, read_write> probability: array<f32>;",
  "@group(0) @binding(8) var<uniform> params: Params;",
  "",
  "var<workgroup> partial: array<vec2<f32>, WORKGROUP>;",
  "",
  "",
  "fn merge(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {",
  "  let maximum = max(a.x, b.x);",
  "  return vec2<f32>(maximum, a.y * exp(a.x - maximum) + b.y * exp(b.x - maximum));",
  "}",
  "",
  "fn orNan(defined: bool, value: f32) -> f32 {",
  "  return select(bitcast<f32>(params.nanBits), value, defined);",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let image = group.x + group.y * groups.x;",
  "  if (image >= params.images) {",
  "    return;",
  "  }",
  "  let base = image * params.locationsPerImage;",
  "  var known = true;",
  "  for (var k = 0u; k < params.setSize; k++) {",
  "    known = known && classes[image * params.setSize + k] < params.classes;",
  "  }",
  "  let defined = known && prior[base].x > 1.5 * LOG_ZERO;",
  "",
  "  var total = vec2<f32>(3.0 * LOG_ZERO, 0.0);",
  "  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {",
  "    let location = base + z;",
  "    let statistic = statistics[location];",
  "    var member = vec2<f32>(2.0 * LOG_ZERO, 0.0);",
  "    for (var k = 0u; k < params.setSize; k++) {",
  "",
  "      let index = min(classes[image * params.setSize + k], params.classes - 1u);",
  "      let logit = logits[location * params.classes + index];",
  "      member = merge(member, vec2<f32>((logit - statistic.x) - statistic.y, 1.0));",
  "    }",
  "    let logConditional = member.x + log(member.y);",
  "    let logJoint = prior[location].x + logConditional;",
  "    joint[location] = orNan(defined, exp(logJoint));",
  "    conditional[location] = orNan(known, exp(logConditional));",
  "    posterior[location] = logJoint;",
  "    total = merge(total, vec2<f32>(logJoint, 1.0));",
  "  }",
  "  partial[lane] = total;",
  "  workgroupBarrier();",
  "  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {",
  "    if (lane < stride) {",
  "      partial[lane] = merge(partial[lane], partial[lane + stride]);",
  "    }",
  "    workgroupBarrier();",
  "  }",
  "  total = partial[0];",
  "  let likelihood = exp(total.x + log(total.y));",
  "  var logDivisor = vec2<f32>(total.x, log(total.y));",
  "  if (OFFICIAL == 1u) {",
  "    logDivisor = vec2<f32>(0.0, log(likelihood + 1e-10));",
  "  }",
  "  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {",
  "",
  "    let logJoint = posterior[base + z];",
  "    posterior[base + z] = orNan(defined, exp((logJoint - logDivisor.x) - logDivisor.y));",
  "  }",
  "  if (lane == 0u) {",
  "    probability[image] = orNan(defined, likelihood);",
  "  }",
  "}",
  "",
].join('\n');

export const classMaps = {
  source,
  "name": "joint_head/class_maps",
  "features": [],
  "bindings": {
    "logits": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "classes": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "statistics": {
      "index": 2,
      "access": "read",
      "element": "vec2<f32>"
    },
    "prior": {
      "index": 3,
      "access": "read",
      "element": "vec2<f32>"
    },
    "joint": {
      "index": 4,
      "access": "read_write",
      "element": "f32"
    },
    "conditional": {
      "index": 5,
      "access": "read_write",
      "element": "f32"
    },
    "posterior": {
      "index": 6,
      "access": "read_write",
      "element": "f32"
    },
    "probability": {
      "index": 7,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 8,
    "size": 32,
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
      "setSize": {
        "offset": 12,
        "type": "u32"
      },
      "nanBits": {
        "offset": 16,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "OFFICIAL": {
      "type": "u32",
      "value": 0
    },
    "LOG_ZERO": {
      "type": "f32",
      "value": -1e+30
    }
  }
} as const satisfies KernelModule;
