// Generated from likelihood.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: e586de2c8a64c6180ea41da44d7a0a7e3cb2befd6e3d69862fdeb9c2035d70d4
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
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const ML: u32 = 0u;",
  "const GIVEN: u32 = 0u;",
  "const OFFICIAL: u32 = 0u;",
  "const DETACH: u32 = 0u;",
  "const LOG_ZERO: f32 = -1e30;",
  "",
  "struct Params {",
  "  images: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "  infinity: f32,",
  "  nanBits: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> logits: array<f32>;",
  "@group(0) @binding(1) var<storage, read> labels: array<u32>;",
  "@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;",
  "@group(0) @binding(3) var<storage, read> prior: array<vec2<f32>>;",
  "@group(0) @binding(4) var<storage, read> posterior: array<f32>;",
  "@group(0) @binding(5) var<storage, read_write> weights: array<vec2<f32>>;",
  "@group(0) @binding(6) var<storage, read_write> loss: array<f32>;",
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
  "",
  "fn logConditional(location: u32, label: u32) -> f32 {",
  "  let statistic = statistics[location];",
  "  return (logits[location * params.classes + label] - statistic.x) - statistic.y;",
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
  "",
  "  let label = min(labels[image], params.classes - 1u);",
  "",
  "  var total = vec2<f32>(3.0 * LOG_ZERO, 0.0);",
  "  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {",
  "    let conditional = logConditional(base + z, label);",
  "    weights[base + z] = vec2<f32>(conditional, 0.0);",
  "    total = merge(total, vec2<f32>(prior[base + z].x + conditional, 1.0));",
  "  }",
  "  partial[lane] = total;",
  "  workgroupBarrier();",
  "  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {",
  "    if (lane < stride) {",
  "      partial[lane] = merge(partial[lane], partial[lane + stride]);",
  "    }",
  "    workgroupBarrier();",
  "  }",
  "",
  "  var logDivisor = vec2<f32>(partial[0].x, log(partial[0].y));",
  "  let logLikelihood = logDivisor.x + logDivisor.y;",
  "  let known = labels[image] < params.classes;",
  "  let defined = known && prior[base].x > 1.5 * LOG_ZERO;",
  "  workgroupBarrier();",
  "",
  "  if (OFFICIAL == 1u && ML == 0u) {",
  "    logDivisor = vec2<f32>(0.0, log(exp(logLikelihood) + 1e-10));",
  "  }",
  "",
  "  var sums = vec2<f32>(0.0);",
  "  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {",
  "    var logPrior = prior[base + z].x;",
  "",
  "    let conditional = weights[base + z].x;",
  "    var q = exp((logPrior + conditional - logDivisor.x) - logDivisor.y);",
  "    if (GIVEN == 1u) {",
  "      q = posterior[base + z];",
  "    }",
  "    var u = q;",
  "    if (OFFICIAL == 1u && ML == 0u) {",
  "      let p = exp(logPrior);",
  "      if (p < 1e-8) {",
  "        logPrior = log(p + 1e-8);",
  "        u = q * (p / (p + 1e-8));",
  "      }",
  "    }",
  "    sums += vec2<f32>(select(q * (logPrior + conditional), 0.0, q == 0.0), u);",
  "    weights[base + z] = vec2<f32>(q, u);",
  "  }",
  "  partial[lane] = sums;",
  "  workgroupBarrier();",
  "  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {",
  "    if (lane < stride) {",
  "      partial[lane] += partial[lane + stride];",
  "    }",
  "    workgroupBarrier();",
  "  }",
  "  sums = partial[0];",
  "",
  "  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {",
  "    let weight = weights[base + z];",
  "    let value = prior[base + z];",
  "    var slope = weight.y;",
  "    if (DETACH == 0u) {",
  "      slope -= exp(value.x) * sums.y;",
  "    }",
  "",
  "    weights[base + z] = vec2<f32>(orNan(defined, weight.x), orNan(known, -value.y * slope));",
  "  }",
  "  if (lane == 0u) {",
  "    var value = -sums.x;",
  "    if (ML == 1u) {",
  "      value = -logLikelihood;",
  "    } else if (sums.x < 1e-15 * LOG_ZERO) {",
  "",
  "      value = params.infinity;",
  "    }",
  "    loss[image] = orNan(defined, value);",
  "    probability[image] = orNan(defined, exp(logLikelihood));",
  "  }",
  "}",
  "",
].join('\n');

export const likelihood = {
  source,
  "name": "joint_head/likelihood",
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
    "prior": {
      "index": 3,
      "access": "read",
      "element": "vec2<f32>"
    },
    "posterior": {
      "index": 4,
      "access": "read",
      "element": "f32"
    },
    "weights": {
      "index": 5,
      "access": "read_write",
      "element": "vec2<f32>"
    },
    "loss": {
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
      "infinity": {
        "offset": 12,
        "type": "f32"
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
    "ML": {
      "type": "u32",
      "value": 0
    },
    "GIVEN": {
      "type": "u32",
      "value": 0
    },
    "OFFICIAL": {
      "type": "u32",
      "value": 0
    },
    "DETACH": {
      "type": "u32",
      "value": 0
    },
    "LOG_ZERO": {
      "type": "f32",
      "value": -1e+30
    }
  }
} as const satisfies KernelModule;
