// Gradient of the pixelwise negative log-likelihood, PER_INVOCATION vec4s an invocation:
//   gradient[n,z,c] = -dLoss[n] q[n,z] [c == y],  y = labels[n];  q = 1 with WEIGHTED = 0
// gradient [N,P,C] is written whole, zeros included, as `count` vec4s (the last may reach into the padding); weights q [N,P],
// labels and lossGradient [N]. With ALIGNED = 1 classes are a multiple of four. Moves 4 bytes an element.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;
const WEIGHTED: u32 = 1u;
const ALIGNED: u32 = 0u;

struct Params {
  count: u32,
  locations: u32,
  locationsPerImage: u32,
  classes: u32,
}

@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> lossGradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> gradient: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> params: Params;

// -dLoss q of a location.
fn slope(location: u32, image: u32) -> f32 {
  if (WEIGHTED == 1u) {
    return -lossGradient[image] * weights[location];
  }
  return -lossGradient[image];
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * BLOCK;
    if (index < params.count) {
      let location = index * 4u / params.classes;
      let column = index * 4u - location * params.classes;
      let image = location / params.locationsPerImage;
      var values = vec4<f32>(0.0);
      if (ALIGNED == 1u) {
        let isLabel = vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(labels[image]);
        values = select(values, vec4<f32>(slope(location, image)), isLabel);
      } else {
        for (var k = 0u; k < 4u; k++) {
          // The padding repeats the last location.
          let place = min((index * 4u + k) / params.classes, params.locations - 1u);
          let owner = place / params.locationsPerImage;
          if ((index * 4u + k) % params.classes == labels[owner]) {
            values[k] = slope(place, owner);
          }
        }
      }
      gradient[index] = values;
    }
  }
}
