// Likelihood, loss and posterior of the labelled class, one image a workgroup.
//   joint_z = p(y,z|x) = p(z|x) p(y|x,z);  p(y|x) = sum_z joint_z;  posterior q_z = joint_z / p(y|x), or given from outside
//   loss[n] = -log p(y|x)             with ML = 1
//           = -sum_z q_z log joint_z  with ML = 0
//   weights[m] = (q_z, slope_z): d loss / d f[m,c] = q_z (p(c|x,z) - [c == y]),  d loss / d a_z = slope_z
//   slope_z = -act'/act (u_z - p(z|x) sum u), or -act'/act u_z with DETACH = 1 (no gradient through the prior's normaliser)
// Here u_z = q_z. With OFFICIAL = 1 the EM loss has the released code's epsilons: log(p + 1e-8) for p = p(z|x) < 1e-8, whose
// derivative makes u_z = q_z p / (p + 1e-8), and q_z = joint_z / (p(y|x) + 1e-10).
// A label >= C, or a prior that is zero everywhere, makes the results NaN at the end (adapters differ in what a NaN does on its
// way); slopes stay 0 where the ReLU is.
// logits [N,P,C], labels [N], statistics [N,P,2] from softmax/row_statistics.wgsl, prior
// [N,P,2] from prior.wgsl, posterior [N,P] (read with GIVEN = 1; any other buffer otherwise), weights [N,P,2], loss and
// probability [N], probability = p(y|x). All in log space: nothing underflows.
// Each invocation walks every WORKGROUP-th location; sums are trees of fixed order. Of the logits it reads one class.

const WORKGROUP: u32 = 64u;
const ML: u32 = 0u;
const GIVEN: u32 = 0u;
const OFFICIAL: u32 = 0u;
const DETACH: u32 = 0u;
const LOG_ZERO: f32 = -1e30;

struct Params {
  images: u32,
  locationsPerImage: u32,
  classes: u32,
  infinity: f32,
  nanBits: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> prior: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> posterior: array<f32>;
@group(0) @binding(5) var<storage, read_write> weights: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read_write> loss: array<f32>;
@group(0) @binding(7) var<storage, read_write> probability: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

var<workgroup> partial: array<vec2<f32>, WORKGROUP>;

// Two (maximum, sum of exp(value - maximum)) in one.
fn merge(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  let maximum = max(a.x, b.x);
  return vec2<f32>(maximum, a.y * exp(a.x - maximum) + b.y * exp(b.x - maximum));
}

// log p(y|x,z)
fn logConditional(location: u32, label: u32) -> f32 {
  let statistic = statistics[location];
  return (logits[location * params.classes + label] - statistic.x) - statistic.y;
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
  // No read outside the logits, whatever the label.
  let label = min(labels[image], params.classes - 1u);

  var total = vec2<f32>(3.0 * LOG_ZERO, 0.0);
  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {
    let conditional = logConditional(base + z, label);
    weights[base + z] = vec2<f32>(conditional, 0.0);
    total = merge(total, vec2<f32>(prior[base + z].x + conditional, 1.0));
  }
  partial[lane] = total;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[lane] = merge(partial[lane], partial[lane + stride]);
    }
    workgroupBarrier();
  }
  // The divisor's logarithm is x + y: apart, they do not round a posterior of tiny joints.
  var logDivisor = vec2<f32>(partial[0].x, log(partial[0].y));
  let logLikelihood = logDivisor.x + logDivisor.y;
  let known = labels[image] < params.classes;
  let defined = known && prior[base].x > 1.5 * LOG_ZERO;
  workgroupBarrier();

  if (OFFICIAL == 1u && ML == 0u) {
    logDivisor = vec2<f32>(0.0, log(exp(logLikelihood) + 1e-10));
  }
  // (sum_z q_z log joint_z, sum_z u_z)
  var sums = vec2<f32>(0.0);
  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {
    var logPrior = prior[base + z].x;
    // Written above by this very invocation, as is the weight below.
    let conditional = weights[base + z].x;
    var q = exp((logPrior + conditional - logDivisor.x) - logDivisor.y);
    if (GIVEN == 1u) {
      q = posterior[base + z];
    }
    var u = q;
    if (OFFICIAL == 1u && ML == 0u) {
      let p = exp(logPrior);
      if (p < 1e-8) {
        logPrior = log(p + 1e-8);
        u = q * (p / (p + 1e-8));
      }
    }
    sums += vec2<f32>(select(q * (logPrior + conditional), 0.0, q == 0.0), u);
    weights[base + z] = vec2<f32>(q, u);
  }
  partial[lane] = sums;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[lane] += partial[lane + stride];
    }
    workgroupBarrier();
  }
  sums = partial[0];

  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {
    let weight = weights[base + z];
    let value = prior[base + z];
    var slope = weight.y;
    if (DETACH == 0u) {
      slope -= exp(value.x) * sums.y;
    }
    // A ReLU that is zero has no slope, whatever it is multiplied by.
    weights[base + z] = vec2<f32>(orNan(defined, weight.x), orNan(known, -value.y * slope));
  }
  if (lane == 0u) {
    var value = -sums.x;
    if (ML == 1u) {
      value = -logLikelihood;
    } else if (sums.x < 1e-15 * LOG_ZERO) {
      // A given posterior where the prior is zero.
      value = params.infinity;
    }
    loss[image] = orNan(defined, value);
    probability[image] = orNan(defined, exp(logLikelihood));
  }
}
