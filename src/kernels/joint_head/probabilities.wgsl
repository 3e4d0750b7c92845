// Class probabilities p(y|x) = sum_z p(z|x) p(y|x,z), one image and one class an invocation, for all classes at once.
//   probabilities[n,c] = sum_z exp(f[n,z,c] - max_z - logSum_z + log p(z|x))
// logits [N,P,C], statistics [N,P,2] from softmax/row_statistics.wgsl, prior [N,P,2] from prior.wgsl, probabilities [N,C].
// An image without a prior (see prior.wgsl) gives NaN.
// Neighbouring invocations read neighbouring classes. Moves 4 C bytes a location; the two pairs a location come from caches.

const WORKGROUP: u32 = 64u;
const LOG_ZERO: f32 = -1e30;

struct Params {
  images: u32,
  locationsPerImage: u32,
  classes: u32,
  nanBits: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read> prior: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> probabilities: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (index >= params.images * params.classes) {
    return;
  }
  let image = index / params.classes;
  let column = index % params.classes;
  var sum = 0.0;
  for (var z = 0u; z < params.locationsPerImage; z++) {
    let location = image * params.locationsPerImage + z;
    let statistic = statistics[location];
    let logConditional = (logits[location * params.classes + column] - statistic.x) - statistic.y;
    sum += exp(logConditional + prior[location].x);
  }
  let defined = prior[image * params.locationsPerImage].x > 1.5 * LOG_ZERO;
  probabilities[index] = select(bitcast<f32>(params.nanBits), sum, defined);
}
