// First stage of batch normalisation's gradient: sums over every slice of rows, by channel.
//   sums[0][s][e] = sum g, sums[1][s][e] = sum g * xhat, with xhat = (input - mean[c]) / sqrt(variance[c] + epsilon)
//   g = outputGradient; with RELU == 1, zero where the normalised value, computed again from the input, is not positive
// outputGradient, input [rows,C] seen as bands of vec4 columns (see statistics.wgsl); mean, variance, scale, shift [C];
// sums [2, slices, 4 * columns]. One invocation owns one vec4 column of one slice. Registers only, no barrier.
// Reads 8 bytes an element, ~4 flops. Writes with `=`.

const WORKGROUP: u32 = 64u;
// Bands of one round: an invocation's bands are far apart, so that each load waits for memory. More would not fit a CPU's
// instruction cache.
const IN_FLIGHT: u32 = 2u;
const RELU: u32 = 0u;

struct Params {
  size: u32,
  channels: u32,
  columns: u32,
  vectors: u32,
  phases: u32,
  steps: u32,
  slices: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
@group(0) @binding(5) var<storage, read> shift: array<f32>;
@group(0) @binding(6) var<storage, read_write> sums: array<vec4<f32>>;
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (id >= params.slices * params.columns) {
    return;
  }
  let slice = id / params.columns;
  let column = id - slice * params.columns;
  let c = (vec4<u32>(4u * column) + vec4<u32>(0u, 1u, 2u, 3u)) % params.channels;
  let center = vec4<f32>(mean[c.x], mean[c.y], mean[c.z], mean[c.w]);
  let spread = vec4<f32>(variance[c.x], variance[c.y], variance[c.z], variance[c.w]);
  let inverse = inverseSqrt(spread + params.epsilon);
  let factor = vec4<f32>(scale[c.x], scale[c.y], scale[c.z], scale[c.w]) * inverse;
  let offset = vec4<f32>(shift[c.x], shift[c.y], shift[c.z], shift[c.w]);

  let stride = params.phases * params.columns;
  let first = ((slice / params.phases) * params.phases * params.steps + slice % params.phases) * params.columns + column;
  let end = min(first + stride * params.steps, params.vectors);
  var sum = vec4<f32>(0.0);
  var product = vec4<f32>(0.0);
  // The last vec4's end is padding of unknown content.
  let size = min(4u * end, params.size);
  for (var index = first; index < end; index += IN_FLIGHT * stride) {
    for (var k = 0u; k < IN_FLIGHT; k++) {
      let place = index + k * stride;
      let centered = input[min(place, params.vectors - 1u)] - center;
      var gradient = outputGradient[min(place, params.vectors - 1u)];
      if (RELU == 1u) {
        gradient = select(gradient, vec4<f32>(0.0), fma(centered, factor, offset) <= vec4<f32>(0.0));
      }
      let inside = vec4<u32>(4u * place) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(size);
      sum += select(vec4<f32>(0.0), gradient, inside);
      product += select(vec4<f32>(0.0), gradient * centered, inside);
    }
  }
  sums[id] = sum;
  sums[params.slices * params.columns + id] = product * inverse;
}
