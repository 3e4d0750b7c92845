// Gradient of the joint head's loss, one location an invocation; classes a multiple of four.
// The same as backward.wgsl with vec4 loads and stores: `quads` is the number of classes / 4.

const WORKGROUP: u32 = 64u;

struct Params {
  locations: u32,
  locationsPerImage: u32,
  quads: u32,
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
  let label = labels[image];
  let maximum = statistics[location].x;
  let logSum = statistics[location].y;
  let row = location * params.quads;
  for (var quad = 0u; quad < params.quads; quad++) {
    let conditional = exp((logits[row + quad] - maximum) - logSum);
    let labelled = vec4<f32>(vec4<u32>(4u * quad) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(label));
    logitGradient[row + quad] = weight.x * (conditional - labelled);
  }
}
