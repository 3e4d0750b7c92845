// First stage of the gradient of a batch normalisation whose ReLU follows a residual sum: masks the gradient and sums it.
//   maskedGradient = outputGradient where output > 0, else 0: the residual's gradient, and what the second pass reads
//   sums[0][s][e] = sum g, sums[1][s][e] = sum g * xhat, with g = maskedGradient (see gradient_sums.wgsl)
// outputGradient, output, input, maskedGradient [rows,C]; mean, variance [C]; sums [2, slices, 4 * columns].
// Moves 16 bytes an element, ~4 flops. Writes with `=`; the last vec4 may reach into the padding.

const WORKGROUP: u32 = 64u;

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
@group(0) @binding(1) var<storage, read> output: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(5) var<storage, read_write> maskedGradient: array<vec4<f32>>;
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

  let stride = params.phases * params.columns;
  let first = ((slice / params.phases) * params.phases * params.steps + slice % params.phases) * params.columns + column;
  let end = min(first + stride * params.steps, params.vectors);
  var sum = vec4<f32>(0.0);
  var product = vec4<f32>(0.0);
  for (var index = first; index < end; index += stride) {
    var gradient = select(outputGradient[index], vec4<f32>(0.0), output[index] <= vec4<f32>(0.0));
    maskedGradient[index] = gradient;
    var term = gradient * (input[index] - center);
    if (4u * index + 3u >= params.size) {
      // The last vec4's end is padding of unknown content.
      let inside = vec4<u32>(4u * index) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size);
      gradient = select(vec4<f32>(0.0), gradient, inside);
      term = select(vec4<f32>(0.0), term, inside);
    }
    sum += gradient;
    product += term;
  }
  sums[id] = sum;
  sums[params.slices * params.columns + id] = product * inverseSqrt(spread + params.epsilon);
}
