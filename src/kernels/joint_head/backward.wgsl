// Gradient of the joint head's loss with respect to class and location logits, one location an invocation; any number of classes.
//   logitGradient[m,c] = dLoss[n] * q[m] * (p(c|x,z) - [c == y]),  p(c|x,z) = exp(f[m,c] - max - logSum)
//   locationGradient[m] = dLoss[n] * slope[m]
// logits, logitGradient [N,H,W,C]; statistics [N,H,W,2] = (max, logSum); weights [N,H,W,2] = (q, slope), made by image.wgsl;
// labels, lossGradient [N]. Reads the logits once and writes their gradient once: 8 C + 20 bytes a location. Writes with `=`.

const WORKGROUP: u32 = 64u;

struct Params {
  locations: u32,
  locationsPerImage: u32,
  classes: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> weights: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> lossGradient: array<f32>;
@group(0) @binding(5) var<storage, read_write> logitGradient: array<f32>;
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
  let row = location * params.classes;
  for (var index = 0u; index < params.classes; index++) {
    let conditional = exp((logits[row + index] - maximum) - logSum);
    logitGradient[row + index] = weight.x * (conditional - select(0.0, 1.0, index == label));
  }
}
