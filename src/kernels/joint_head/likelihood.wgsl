// Location prior, likelihood, loss and posterior of the labelled class, one image a workgroup.
//   p(z|x) = act(a_z) / sum_z act(a_z), act = softplus, or ReLU with RELU = 1
//   joint_z = p(y,z|x) = p(z|x) p(y|x,z);  p(y|x) = sum_z joint_z;  posterior q_z = joint_z / p(y|x), or given from outside
//   loss[n] = -log p(y|x)             with ML = 1
//           = -sum_z q_z log joint_z  with ML = 0
//   weights[m] = (q_z, slope_z): d loss / d f[m,c] = q_z (p(c|x,z) - [c == y]),  d loss / d a_z = slope_z
//   slope_z = -act'/act (u_z - p(z|x) sum u), or -act'/act u_z with DETACH = 1 (no gradient through the prior's normaliser)
// Here u_z = q_z. With OFFICIAL = 1 the EM loss has the released code's epsilons: log(p + 1e-8) for p = p(z|x) < 1e-8, whose
// derivative makes u_z = q_z p / (p + 1e-8), and q_z = joint_z / (p(y|x) + 1e-10).
// A label >= C, or a prior that is zero everywhere, makes the results NaN at the end (adapters differ in what a NaN does on its
// way); slopes stay 0 where the ReLU is.
// logits [N,P,C], labels [N], statistics [N,P,2] from softmax/row_statistics.wgsl, locationLogits [N,P], posterior [N,P] (read
// with GIVEN = 1; any other buffer otherwise), weights [N,P,2], loss and probability [N], probability = p(y|x). All in log space,
// as in prior.wgsl: nothing underflows.
// Each invocation walks every WORKGROUP-th location, four a step, so that their loads and chains of dependent arithmetic overlap;
// behind the image's last location a step repeats its first, without weight. The activation is computed anew in each walk, which
// is cheaper than to keep it. Sums are trees of fixed order. The posterior under the same parameters sums to 1: only another u needs
// a walk for its sum. Of the logits one class is read. Moves 40 bytes and takes some 150 flops a location.

const WORKGROUP: u32 = 64u;
const RELU: u32 = 0u;
const ML: u32 = 0u;
const GIVEN: u32 = 0u;
const OFFICIAL: u32 = 0u;
const DETACH: u32 = 0u;
const LOG_ZERO: f32 = -1e30;
// The least of all logarithms: what is not there.
const NOTHING: f32 = -3e30;
const EPSILONS = OFFICIAL == 1u && ML == 0u;
const SUM_UNKNOWN = DETACH == 0u && (GIVEN == 1u || EPSILONS);

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
@group(0) @binding(3) var<storage, read> locationLogits: array<f32>;
@group(0) @binding(4) var<storage, read> posterior: array<f32>;
@group(0) @binding(5) var<storage, read_write> weights: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read_write> loss: array<f32>;
@group(0) @binding(7) var<storage, read_write> probability: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

// (sum; maximum, sum of exp(value - maximum)) of every invocation.
var<workgroup> partial: array<vec3<f32>, WORKGROUP>;

// log act(a) = exact + rest, apart from one another: near -1000 a sum would round away four digits; ratio = act'(a) / act(a).
struct Activation {
  exact: vec4<f32>,
  rest: vec4<f32>,
  ratio: vec4<f32>,
}

// log(1+e)/e for 0 <= e <= 1, where WGSL's log(1+e) would lose all digits of a small e: 2 atanh(s)/e with s = e/(2+e) <= 1/3;
// the series' first omitted term is below 2^-25.
fn logOnePlusRatio(e: vec4<f32>) -> vec4<f32> {
  let s = e / (2.0 + e);
  let t = s * s;
  let series = 1.0 + t * (1.0 / 3.0 + t * (1.0 / 5.0 + t * (1.0 / 7.0 + t * (1.0 / 9.0 + t * (1.0 / 11.0 + t * (1.0 / 13.0 + t / 15.0))))));
  return 2.0 / (2.0 + e) * series;
}

fn activation(a: vec4<f32>) -> Activation {
  if (RELU == 1u) {
    // Below the smallest normal number an adapter may flush to zero.
    let isZero = a < vec4<f32>(1.18e-38);
    let positive = select(a, vec4<f32>(1.0), isZero);
    return Activation(
      select(vec4<f32>(0.0), vec4<f32>(LOG_ZERO), isZero),
      log(positive),
      select(1.0 / positive, vec4<f32>(0.0), isZero),
    );
  }
  let e = exp(-abs(a));
  let ratio = logOnePlusRatio(e);
  let isPositive = a > vec4<f32>(0.0);
  // softplus(a), divided by exp(a) where a is negative.
  let scaled = select(ratio, a + e * ratio, isPositive);
  return Activation(select(a, vec4<f32>(0.0), isPositive), log(scaled), 1.0 / ((1.0 + e) * scaled));
}

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

fn load(m: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(locationLogits[m.x], locationLogits[m.y], locationLogits[m.z], locationLogits[m.w]);
}

fn largest(v: vec4<f32>) -> f32 {
  return max(max(v.x, v.y), max(v.z, v.w));
}

fn total(v: vec4<f32>) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}

fn orNan(defined: bool, value: f32) -> f32 {
  return select(bitcast<f32>(params.nanBits), value, defined);
}

// A ReLU that is zero has no slope, even where an image without a prior has no posterior.
fn store(location: u32, defined: bool, known: bool, q: f32, slope: f32) {
  weights[location] = vec2<f32>(orNan(defined, q), orNan(known, slope));
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
  let end = base + params.locationsPerImage;
  let offsets = WORKGROUP * vec4<u32>(0u, 1u, 2u, 3u);
  // A number that Mesa knows would make it write the sums' rounds out, each with its barrier, and compile for half a second more.
  let half = WORKGROUP / 2u * min(params.images, 1u);
  // No read outside the logits, whatever the label.
  let label = min(labels[image], params.classes - 1u);

  // Activations grow with their logits, so the largest logit has the largest activation.
  var maxima = vec4<f32>(locationLogits[base]);
  for (var first = base + lane; first < end; first += 4u * WORKGROUP) {
    let index = first + offsets;
    maxima = max(maxima, load(select(vec4<u32>(first), index, index < vec4<u32>(end))));
  }
  partial[lane].x = largest(maxima);
  workgroupBarrier();
  for (var stride = half; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[lane].x = max(partial[lane].x, partial[lane + stride].x);
    }
    workgroupBarrier();
  }
  let top = activation(vec4<f32>(partial[0].x));
  workgroupBarrier();

  // Sums of the prior and of the joint, both divided by the largest activation.
  var priorSum = vec4<f32>(0.0);
  var jointSum = vec2<f32>(NOTHING, 0.0);
  for (var first = base + lane; first < end; first += 4u * WORKGROUP) {
    let index = first + offsets;
    let inside = index < vec4<u32>(end);
    let m = select(vec4<u32>(first), index, inside);
    let value = activation(load(m));
    let logRatio = (value.exact - top.exact) + (value.rest - top.rest);
    priorSum += select(vec4<f32>(0.0), exp(logRatio), inside);
    let conditional = vec4<f32>(
      logConditional(m.x, label),
      logConditional(m.y, label),
      logConditional(m.z, label),
      logConditional(m.w, label),
    );
    let logJoint = select(vec4<f32>(NOTHING), logRatio + conditional, inside);
    let larger = largest(logJoint);
    jointSum = merge(jointSum, vec2<f32>(larger, total(exp(logJoint - larger))));
    weights[index.x].x = conditional.x;
    if (inside.y) {
      weights[index.y].x = conditional.y;
    }
    if (inside.z) {
      weights[index.z].x = conditional.z;
    }
    if (inside.w) {
      weights[index.w].x = conditional.w;
    }
  }
  partial[lane] = vec3<f32>(total(priorSum), jointSum);
  workgroupBarrier();
  for (var stride = half; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      let other = partial[lane + stride];
      partial[lane] = vec3<f32>(partial[lane].x + other.x, merge(partial[lane].yz, other.yz));
    }
    workgroupBarrier();
  }
  let logPriorSum = log(partial[0].x);
  // The joint's logarithm is x + y: apart, they do not round a posterior of tiny joints.
  let logJointSum = vec2<f32>(partial[0].y, log(partial[0].z));
  let logLikelihood = (logJointSum.x + logJointSum.y) - logPriorSum;
  let known = labels[image] < params.classes;
  let defined = known && (RELU == 0u || top.exact.x != LOG_ZERO);
  workgroupBarrier();

  // (sum_z q_z log joint_z, sum_z u_z)
  var sums = vec2<f32>(0.0);
  for (var first = base + lane; first < end; first += 4u * WORKGROUP) {
    let index = first + offsets;
    let inside = index < vec4<u32>(end);
    let m = select(vec4<u32>(first), index, inside);
    let value = activation(load(m));
    let logRatio = (value.exact - top.exact) + (value.rest - top.rest);
    var logPrior = logRatio - logPriorSum;
    if (RELU == 1u) {
      logPrior = select(logPrior, vec4<f32>(LOG_ZERO), value.exact == vec4<f32>(LOG_ZERO));
    }
    // Written above by this very invocation, as are the weights below.
    let conditional = vec4<f32>(weights[m.x].x, weights[m.y].x, weights[m.z].x, weights[m.w].x);
    var q: vec4<f32>;
    if (GIVEN == 1u) {
      q = vec4<f32>(posterior[m.x], posterior[m.y], posterior[m.z], posterior[m.w]);
    } else if (EPSILONS) {
      q = exp((logPrior + conditional) - log(exp(logLikelihood) + 1e-10));
    } else {
      q = exp((logRatio + conditional - logJointSum.x) - logJointSum.y);
    }
    q = select(vec4<f32>(0.0), q, inside);
    let p = exp(logPrior);
    var u = q;
    if (EPSILONS) {
      let isSmall = p < vec4<f32>(1e-8);
      logPrior = select(logPrior, log(p + 1e-8), isSmall);
      u = select(q, q * (p / (p + 1e-8)), isSmall);
    }
    let expected = select(q * (logPrior + conditional), vec4<f32>(0.0), q == vec4<f32>(0.0));
    sums += vec2<f32>(total(expected), total(u));
    // What is stored is u where its sum is still to come, and the slope where that is 1 or does not matter.
    var second = u;
    if (!SUM_UNKNOWN) {
      second = -value.ratio * select(u - p, u, DETACH == 1u);
    }
    store(index.x, defined, known, q.x, second.x);
    if (inside.y) {
      store(index.y, defined, known, q.y, second.y);
    }
    if (inside.z) {
      store(index.z, defined, known, q.z, second.z);
    }
    if (inside.w) {
      store(index.w, defined, known, q.w, second.w);
    }
  }
  partial[lane] = vec3<f32>(sums, 0.0);
  workgroupBarrier();
  for (var stride = half; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[lane] += partial[lane + stride];
    }
    workgroupBarrier();
  }
  sums = partial[0].xy;

  if (SUM_UNKNOWN) {
    for (var m = base + lane; m < end; m += WORKGROUP) {
      let value = activation(vec4<f32>(locationLogits[m]));
      let logRatio = (value.exact.x - top.exact.x) + (value.rest.x - top.rest.x);
      let isZero = RELU == 1u && value.exact.x == LOG_ZERO;
      let p = select(exp(logRatio - logPriorSum), 0.0, isZero);
      weights[m].y = orNan(known, -value.ratio.x * (weights[m].y - p * sums.y));
    }
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
