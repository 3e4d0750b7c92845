// Gradient of the pixelwise negative log-likelihood, one element an invocation:
//   gradient[n,z,c] = -dLoss[n] q[n,z] [c == y],  y = labels[n];  q = 1 with WEIGHTED = 0
// gradient [N,P,C] is written whole, zeros included; weights q [N,P], labels and lossGradient [N]. Moves 4 bytes an element.

const WORKGROUP: u32 = 64u;
const WEIGHTED: u32 = 1u;

struct Params {
  count: u32,
  locationsPerImage: u32,
  classes: u32,
}

@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> lossGradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

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
  let location = index / params.classes;
  let image = location / params.locationsPerImage;
  var value = 0.0;
  if (index % params.classes == labels[image]) {
    value = -lossGradient[image];
    if (WEIGHTED == 1u) {
      value *= weights[location];
    }
  }
  gradient[index] = value;
}
