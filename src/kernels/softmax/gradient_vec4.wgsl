// Gradient of softmax or, with LOG = 1, of its logarithm; one row an invocation; columns a multiple of four: gradient.wgsl with
// vec4 loads, `quads` = columns / 4.
//   softmax:      dx[r,c] = y[r,c] (dy[r,c] - sum_k dy[r,k] y[r,k])
//   log softmax:  dx[r,c] = dy[r,c] - exp(y[r,c]) sum_k dy[r,k]
// output y, outputGradient dy and inputGradient dx [rows,columns]. Moves 12 bytes an element and reads half of them twice.

const WORKGROUP: u32 = 64u;
const LOG: u32 = 0u;

struct Params {
  rows: u32,
  quads: u32,
}

@group(0) @binding(0) var<storage, read> output: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> outputGradient: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> inputGradient: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let base = row * params.quads;
  var sums = vec4<f32>(0.0);
  for (var i = base; i < base + params.quads; i++) {
    if (LOG == 1u) {
      sums += outputGradient[i];
    } else {
      sums += outputGradient[i] * output[i];
    }
  }
  let sum = (sums.x + sums.y) + (sums.z + sums.w);
  for (var i = base; i < base + params.quads; i++) {
    if (LOG == 1u) {
      inputGradient[i] = outputGradient[i] - exp(output[i]) * sum;
    } else {
      inputGradient[i] = output[i] * (outputGradient[i] - sum);
    }
  }
}
