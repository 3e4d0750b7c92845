// Maps of one class, or of a set of classes, an image; one image a workgroup.
//   joint[m] = sum_k p(y_k,z|x),  conditional[m] = sum_k p(y_k|x,z),  y_k = classes[n, k]
//   probability[n] = sum_z joint[m],  posterior[m] = joint[m] / probability[n], or / (probability[n] + 1e-10) with OFFICIAL = 1
// logits [N,P,C], classes [N,K], statistics [N,P,2] from softmax/row_statistics.wgsl, prior [N,P,2] from prior.wgsl; joint,
// conditional and posterior [N,P], probability [N]. A class outside [0, C) gives NaN, an image without a
// prior NaN but for the conditional. In log space, so that a posterior exists where the joint underflows.
// Each invocation walks every WORKGROUP-th location; the reduction is a tree of fixed order. Reads K of the C logits.

const WORKGROUP: u32 = 64u;
const OFFICIAL: u32 = 0u;
const LOG_ZERO: f32 = -1e30;

struct Params {
  images: u32,
  locationsPerImage: u32,
  classes: u32,
  setSize: u32,
  nanBits: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> classes: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> prior: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> joint: array<f32>;
@group(0) @binding(5) var<storage, read_write> conditional: array<f32>;
@group(0) @binding(6) var<storage, read_write> posterior: array<f32>;
@group(0) @binding(7) var<storage, read_write> probability: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

var<workgroup> partial: array<vec2<f32>, WORKGROUP>;

// Two (maximum, sum of exp(value - maximum)) in one.
fn merge(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  let maximum = max(a.x, b.x);
  return vec2<f32>(maximum, a.y * exp(a.x - maximum) + b.y * exp(b.x - maximum));
}

fn orNan(defined: bool, value: f32) -> f32 {
  return select(bitcast<f32>(params.nanBits), value, defined);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let image = group.x + group.y * groups.x;
  if (image >= params.images) {
    return;
  }
  let base = image * params.locationsPerImage;
  var known = true;
  for (var k = 0u; k < params.setSize; k++) {
    known = known && classes[image * params.setSize + k] < params.classes;
  }
  let defined = known && prior[base].x > 1.5 * LOG_ZERO;

  var total = vec2<f32>(3.0 * LOG_ZERO, 0.0);
  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {
    let location = base + z;
    let statistic = statistics[location];
    var member = vec2<f32>(2.0 * LOG_ZERO, 0.0);
    for (var k = 0u; k < params.setSize; k++) {
      // No read outside the logits, whatever the class.
      let index = min(classes[image * params.setSize + k], params.classes - 1u);
      let logit = logits[location * params.classes + index];
      member = merge(member, vec2<f32>((logit - statistic.x) - statistic.y, 1.0));
    }
    let logConditional = member.x + log(member.y);
    let logJoint = prior[location].x + logConditional;
    joint[location] = orNan(defined, exp(logJoint));
    conditional[location] = orNan(known, exp(logConditional));
    posterior[location] = logJoint;
    total = merge(total, vec2<f32>(logJoint, 1.0));
  }
  partial[lane] = total;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[lane] = merge(partial[lane], partial[lane + stride]);
    }
    workgroupBarrier();
  }
  total = partial[0];
  let likelihood = exp(total.x + log(total.y));
  var logDivisor = vec2<f32>(total.x, log(total.y));
  if (OFFICIAL == 1u) {
    logDivisor = vec2<f32>(0.0, log(likelihood + 1e-10));
  }
  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {
    // The log joint that this very invocation left there.
    let logJoint = posterior[base + z];
    posterior[base + z] = orNan(defined, exp((logJoint - logDivisor.x) - logDivisor.y));
  }
  if (lane == 0u) {
    probability[image] = orNan(defined, likelihood);
  }
}
