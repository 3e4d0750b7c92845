// Location prior p(z|x) = act(a_z) / sum_z act(a_z) in log space, one image a workgroup.
//   prior[m] = (log p(z|x), act'(a) / act(a)),   act = softplus, or ReLU with RELU = 1
// locationLogits [N,P], prior [N,P,2]; P locations an image. In log space softplus never underflows: log softplus(a) is close
// to a for very negative a, so an image whose logits are all -1000 still has a prior. The ReLU has true zeros: there the log is
// LOG_ZERO and the ratio 0. An image that is zero everywhere has no prior (0/0): its logs are 2 LOG_ZERO.
// Each invocation walks every WORKGROUP-th location; reductions are trees of fixed order.

const WORKGROUP: u32 = 64u;
const RELU: u32 = 0u;
const LOG_ZERO: f32 = -1e30;

struct Params {
  images: u32,
  locationsPerImage: u32,
}

@group(0) @binding(0) var<storage, read> locationLogits: array<f32>;
@group(0) @binding(1) var<storage, read_write> prior: array<vec2<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> partial: array<f32, WORKGROUP>;

// log(1+e)/e for 0 <= e <= 1, where WGSL's log(1+e) would lose all digits of a small e: 2 atanh(s)/e with s = e/(2+e) <= 1/3;
// the series' first omitted term is below 2^-25.
fn logOnePlusRatio(e: f32) -> f32 {
  let s = e / (2.0 + e);
  let t = s * s;
  let series = 1.0 + t * (1.0 / 3.0 + t * (1.0 / 5.0 + t * (1.0 / 7.0 + t * (1.0 / 9.0 + t * (1.0 / 11.0 + t * (1.0 / 13.0 + t / 15.0))))));
  return 2.0 / (2.0 + e) * series;
}

// log act(a) = x + y, with the part x that is exact apart from the rest: near -1000 a sum would round away four digits;
// z = act'(a) / act(a).
fn activation(a: f32) -> vec3<f32> {
  if (RELU == 1u) {
    // Below the smallest normal number an adapter may flush to zero.
    if (a < 1.18e-38) {
      return vec3<f32>(LOG_ZERO, 0.0, 0.0);
    }
    return vec3<f32>(0.0, log(a), 1.0 / a);
  }
  let e = exp(-abs(a));
  let ratio = logOnePlusRatio(e);
  if (a > 0.0) {
    let softplus = a + e * ratio;
    return vec3<f32>(0.0, log(softplus), 1.0 / ((1.0 + e) * softplus));
  }
  return vec3<f32>(a, log(ratio), 1.0 / ((1.0 + e) * ratio));
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

  // Activations grow with their logits, so the largest logit has the largest activation.
  var maximum = locationLogits[base];
  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {
    maximum = max(maximum, locationLogits[base + z]);
  }
  partial[lane] = maximum;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[lane] = max(partial[lane], partial[lane + stride]);
    }
    workgroupBarrier();
  }
  let largest = activation(partial[0]);
  workgroupBarrier();

  var sum = 0.0;
  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {
    let value = activation(locationLogits[base + z]);
    let logRatio = (value.x - largest.x) + (value.y - largest.y);
    sum += exp(logRatio);
    prior[base + z] = vec2<f32>(select(logRatio, LOG_ZERO, RELU == 1u && value.x == LOG_ZERO), value.z);
  }
  partial[lane] = sum;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[lane] += partial[lane + stride];
    }
    workgroupBarrier();
  }
  let logSum = log(partial[0]);

  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {
    // Written above by this very invocation.
    let value = prior[base + z];
    var logPrior = value.x - logSum;
    if (RELU == 1u && value.x == LOG_ZERO) {
      logPrior = select(LOG_ZERO, 2.0 * LOG_ZERO, largest.x == LOG_ZERO);
    }
    prior[base + z] = vec2<f32>(logPrior, value.y);
  }
}
