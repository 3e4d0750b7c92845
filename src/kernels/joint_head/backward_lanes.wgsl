// Gradient of the joint head's loss, four neighbouring logits an invocation; any number of classes. The same numbers as
// backward.wgsl, for adapters on which neighbouring lanes must touch neighbouring addresses (GPUs).
// logits and logitGradient as vec4s (the last may reach into the padding); `count` of them. With ALIGNED = 1 classes are a
// multiple of four and the four logits share a location. The invocation with a location's first class writes its
// locationGradient. Moves 8 bytes a logit; statistics, weights and labels come from caches.

const WORKGROUP: u32 = 64u;
const ALIGNED: u32 = 0u;

struct Params {
  locations: u32,
  locationsPerImage: u32,
  classes: u32,
  count: u32,
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
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (index >= params.count) {
    return;
  }
  var maximum: vec4<f32>;
  var logSum: vec4<f32>;
  var weight: vec4<f32>;
  var labelled: vec4<f32>;
  for (var i = 0u; i < 4u; i++) {
    let element = index * 4u + i;
    let location = element / params.classes;
    let column = element % params.classes;
    if (location >= params.locations) {
      break;
    }
    let image = location / params.locationsPerImage;
    let pair = weights[location] * lossGradient[image];
    if (column == 0u) {
      locationGradient[location] = pair.y;
    }
    let statistic = statistics[location];
    if (ALIGNED == 1u) {
      maximum = vec4<f32>(statistic.x);
      logSum = vec4<f32>(statistic.y);
      weight = vec4<f32>(pair.x);
      labelled = vec4<f32>(vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(labels[image]));
      break;
    }
    maximum[i] = statistic.x;
    logSum[i] = statistic.y;
    weight[i] = pair.x;
    labelled[i] = select(0.0, 1.0, column == labels[image]);
  }
  logitGradient[index] = weight * (exp((logits[index] - maximum) - logSum) - labelled);
}
