// Gradient of the joint head's loss with respect to class and location logits, one location an invocation; four classes or more.
//   logitGradient[m,c] = dLoss[n] * q[m] * (p(c|x,z) - [c == y]),  p(c|x,z) = exp(f[m,c] - max - logSum)
//   locationGradient[m] = dLoss[n] * slope[m]
// logits, logitGradient [N,H,W,C] as vec4s; statistics [N,H,W,2] = (max, logSum) from softmax/row_statistics.wgsl; weights
// [N,H,W,2] = (q, slope) from likelihood.wgsl; labels, lossGradient [N]. An invocation writes the vec4s whose first element
// is its location's; without ALIGNED = 1 (classes a multiple of four) the last of them may reach into the next location.
// Reads the logits once and writes their gradient once: 8 C + 20 bytes a location. Writes with `=`.

const WORKGROUP: u32 = 64u;
const ALIGNED: u32 = 0u;

struct Params {
  locations: u32,
  locationsPerImage: u32,
  classes: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> weights: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> lossGradient: array<f32>;
@group(0) @binding(5) var<storage, read_write> logitGradient: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> locationGradient: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let location = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (location >= params.locations) {
    return;
  }
  let image = location / params.locationsPerImage;
  let weight = weights[location] * lossGradient[image];
  locationGradient[location] = weight.y;

  let statistic = statistics[location];
  let begin = location * params.classes;
  let end = begin + params.classes;
  // Element of the labelled class; NaN weights take care of a label outside the classes.
  let labelled = begin + labels[image];
  let offsets = vec4<u32>(0u, 1u, 2u, 3u);
  var quad = (begin + 3u) / 4u;
  for (; 4u * quad + 3u < end; quad++) {
    let isLabel = vec4<f32>(vec4<u32>(4u * quad) + offsets == vec4<u32>(labelled));
    logitGradient[quad] = weight.x * (exp((logits[quad] - statistic.x) - statistic.y) - isLabel);
  }
  if (ALIGNED == 0u && 4u * quad < end) {
    let next = min(location + 1u, params.locations - 1u);
    let nextImage = next / params.locationsPerImage;
    let nextStatistic = statistics[next];
    let nextWeight = weights[next].x * lossGradient[nextImage];
    let element = vec4<u32>(4u * quad) + offsets;
    let own = element < vec4<u32>(end);
    let maximum = select(vec4<f32>(nextStatistic.x), vec4<f32>(statistic.x), own);
    let logSum = select(vec4<f32>(nextStatistic.y), vec4<f32>(statistic.y), own);
    let scale = select(vec4<f32>(nextWeight), vec4<f32>(weight.x), own);
    let nextLabelled = end + labels[nextImage];
    let isLabel = vec4<f32>(element == select(vec4<u32>(nextLabelled), vec4<u32>(labelled), own));
    logitGradient[quad] = scale * (exp((logits[quad] - maximum) - logSum) - isLabel);
  }
}
