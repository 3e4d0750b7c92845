// Gradient of a product or quotient of rows and a value for each row, for both in one pass.
//   OPERATION 1, output = a * b:  aGradient[r, k] = outputGradient[r, k] * b[r]
//                                 sums[r, c] = sum over k in chunk c of outputGradient[r, k] * saved[r, k],  saved = a
//   OPERATION 2, output = a / b:  aGradient[r, k] = outputGradient[r, k] / b[r]
//                                 sums[r, c] = sum over k in chunk c of -(aGradient[r, k] * saved[r, k]),  saved = output
// outputGradient, saved and aGradient [rows, inner], `inner` in vec4s; b [rows]; sums [rows, chunks], to be added up to b's gradient.
// One invocation walks one chunk of one row: the vec4s c / block * block * steps + c % block + k * block, k in [0, steps), so that `block`
// neighbouring invocations walk side by side. With WRITTEN = 0 nobody asks for aGradient.
// Moves 12 bytes an element, 3 flops. Writes with `=`.

const OPERATION: u32 = 1u;
const WRITTEN: u32 = 1u;
const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  inner: u32,
  chunks: u32,
  block: u32,
  steps: u32,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> saved: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> aGradient: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

// What a vec4 adds to the gradient of its row's b, once its own gradient is written.
fn term(place: u32, value: vec4<f32>) -> vec4<f32> {
  let gradient = outputGradient[place];
  if (OPERATION == 1u) {
    if (WRITTEN == 1u) {
      aGradient[place] = gradient * value;
    }
    return gradient * saved[place];
  }
  let quotient = gradient / value;
  if (WRITTEN == 1u) {
    aGradient[place] = quotient;
  }
  return -(quotient * saved[place]);
}

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
  let row = index / params.chunks;
  let chunk = index - row * params.chunks;
  let first = chunk / params.block * params.block * params.steps + chunk % params.block;
  let start = row * params.inner;
  let end = start + min(first + params.steps * params.block, params.inner);
  let value = vec4<f32>(b[row]);
  var sum = vec4<f32>(0.0);
  var place = start + first;
  for (; place + params.block < end; place += 2u * params.block) {
    sum += term(place, value) + term(place + params.block, value);
  }
  if (place < end) {
    sum += term(place, value);
  }
  sums[index] = (sum.x + sum.y) + (sum.z + sum.w);
}
