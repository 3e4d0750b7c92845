// Gradient of softmax or, with LOG = 1, of its logarithm; one row an invocation.
//   softmax:      dx[r,c] = y[r,c] (dy[r,c] - sum_k dy[r,k] y[r,k])
//   log softmax:  dx[r,c] = dy[r,c] - exp(y[r,c]) sum_k dy[r,k]
// output y, outputGradient dy and inputGradient dx [rows,columns]. Moves 12 bytes an element and reads half of them twice.

const WORKGROUP: u32 = 64u;
const LOG: u32 = 0u;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> output: array<f32>;
@group(0) @binding(1) var<storage, read> outputGradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> inputGradient: array<f32>;
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
  let base = row * params.columns;
  var sum = 0.0;
  for (var i = base; i < base + params.columns; i++) {
    if (LOG == 1u) {
      sum += outputGradient[i];
    } else {
      sum += outputGradient[i] * output[i];
    }
  }
  for (var i = base; i < base + params.columns; i++) {
    if (LOG == 1u) {
      inputGradient[i] = outputGradient[i] - exp(output[i]) * sum;
    } else {
      inputGradient[i] = output[i] * (outputGradient[i] - sum);
    }
  }
}
