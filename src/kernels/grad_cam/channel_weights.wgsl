// Weight of every channel of a feature map for Grad-CAM and Grad-CAM++, one image and channel an invocation:
//   PLUS = 0: weights[n,d] = 1/P sum_z g[n,z,d]
//   PLUS = 1: weights[n,d] = sum_z alpha[n,z,d] max(g[n,z,d], 0),  alpha = g^2 / (2 g^2 + g^3 sum_z A[n,z,d]) = 1 / (2 + g sum_z A)
// features A and gradients g [N,P,D], weights [N,D]. With A >= 0, behind a ReLU, the divisor is at least 2 wherever it counts. Each
// invocation walks all locations, neighbours read neighbouring channels. Reads 4 (8 with PLUS = 1, the gradient twice) bytes an element.

const WORKGROUP: u32 = 64u;
const PLUS: u32 = 0u;

struct Params {
  count: u32,
  locations: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> features: array<f32>;
@group(0) @binding(1) var<storage, read> gradients: array<f32>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

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
  let image = index / params.channels;
  let first = image * params.locations * params.channels + index % params.channels;
  var total = 0.0;
  if (PLUS == 1u) {
    for (var z = 0u; z < params.locations; z++) {
      total += features[first + z * params.channels];
    }
  }
  var sum = 0.0;
  for (var z = 0u; z < params.locations; z++) {
    let gradient = gradients[first + z * params.channels];
    if (PLUS == 0u) {
      sum += gradient;
    } else if (!(gradient <= 0.0)) {
      sum += gradient / (2.0 + gradient * total);
    }
  }
  weights[index] = select(sum / f32(params.locations), sum, PLUS == 1u);
}
