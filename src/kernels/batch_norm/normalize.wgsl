// Batch normalisation with given statistics, fused with a residual sum and a ReLU.
//   output = act((input - mean[c]) * scale[c] / sqrt(variance[c] + epsilon) + shift[c] + residual)
// input, residual, output [rows,C] seen as bands of vec4 columns (see statistics.wgsl); mean, variance, scale, shift [C].
// RESIDUAL and RELU are 0 or 1; without a residual the binding holds any tensor and is not read.
// One invocation owns one vec4 column of one slice: it loads its channels' numbers once and walks `steps` bands.
// Moves 8 bytes an element (12 with a residual), 2 flops (4). Writes with `=`; the last vec4 may reach into the padding.

const WORKGROUP: u32 = 64u;
// Bands of one round: an invocation's bands are far apart, so that each load waits for memory. More would not fit a CPU's
// instruction cache.
const IN_FLIGHT: u32 = 2u;
const RESIDUAL: u32 = 0u;
const RELU: u32 = 0u;

struct Params {
  channels: u32,
  columns: u32,
  vectors: u32,
  phases: u32,
  steps: u32,
  slices: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> residual: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
@group(0) @binding(5) var<storage, read> shift: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<vec4<f32>>;
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
  let factor = vec4<f32>(scale[c.x], scale[c.y], scale[c.z], scale[c.w]) * inverseSqrt(spread + params.epsilon);
  let offset = vec4<f32>(shift[c.x], shift[c.y], shift[c.z], shift[c.w]);

  let stride = params.phases * params.columns;
  let first = ((slice / params.phases) * params.phases * params.steps + slice % params.phases) * params.columns + column;
  let end = min(first + stride * params.steps, params.vectors);
  for (var index = first; index < end; index += IN_FLIGHT * stride) {
    var values: array<vec4<f32>, IN_FLIGHT>;
    for (var k = 0u; k < IN_FLIGHT; k++) {
      let place = min(index + k * stride, params.vectors - 1u);
      // fma, and the same in the gradient kernels: they must find the same elements positive.
      values[k] = fma(input[place] - center, factor, offset);
      if (RESIDUAL == 1u) {
        values[k] += residual[place];
      }
      if (RELU == 1u) {
        values[k] = select(values[k], vec4<f32>(0.0), values[k] < vec4<f32>(0.0));
      }
    }
    for (var k = 0u; k < IN_FLIGHT; k++) {
      if (index + k * stride < end) {
        output[index + k * stride] = values[k];
      }
    }
  }
}
