// As reduce.wgsl, four neighbouring columns at a time: one stage of a reduction over the middle axis of [outer, length, inner],
// `inner` in vec4s.
//   output[o, c, i] = scale * reduce over k in [0, steps) of input[o, c / block * block * steps + c % block + k * block, i]
// c in [0, chunks): `block` neighbouring chunks walk side by side. All of them do on a GPU, where neighbours then read neighbours; few on
// a CPU, where an invocation then reads what the cache has just fetched.
// OPERATION: 0 sum, 1 maximum, 2 minimum. One invocation computes one vec4 of the output and walks its chunk in a fixed order,
// IN_FLIGHT loads at a time.
// Reads 4 bytes and computes 1 flop an input element. Writes with `=`.

const OPERATION: u32 = 0u;
const WORKGROUP: u32 = 64u;
// Loads in flight: 4 or 1.
const IN_FLIGHT: u32 = 4u;

struct Params {
  count: u32,
  length: u32,
  chunks: u32,
  block: u32,
  steps: u32,
  inner: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

fn combine(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  if (OPERATION == 0u) {
    return a + b;
  } else if (OPERATION == 1u) {
    return max(a, b);
  }
  return min(a, b);
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
  let column = index % params.inner;
  let chunk = (index / params.inner) % params.chunks;
  let row = index / (params.inner * params.chunks);
  let step = params.block * params.inner;
  let first = chunk / params.block * params.block * params.steps + chunk % params.block;
  let end = min(first + params.steps * params.block, params.length);
  var place = (row * params.length + first) * params.inner + column;
  var result = input[place];
  place += step;
  var k = first + params.block;
  for (; IN_FLIGHT == 4u && k + 3u * params.block < end; k += 4u * params.block) {
    let first = combine(input[place], input[place + step]);
    let second = combine(input[place + 2u * step], input[place + 3u * step]);
    result = combine(result, combine(first, second));
    place += 4u * step;
  }
  for (; k < end; k += params.block) {
    result = combine(result, input[place]);
    place += step;
  }
  output[index] = params.scale * result;
}
