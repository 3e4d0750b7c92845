// As reduce.wgsl, four neighbouring columns at a time: one stage of a reduction over the middle axis of [outer, length, inner],
// `inner` in vec4s.
//   output[o, c, i] = scale * reduce over k of input[o, c + k * chunks, i],  c in [0, chunks)
// OPERATION: 0 sum, 1 maximum, 2 minimum. One invocation computes one vec4 of the output and walks its chunk in a fixed order.
// Reads 4 bytes and computes 1 flop an input element. Writes with `=`.

const OPERATION: u32 = 0u;
const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  length: u32,
  chunks: u32,
  inner: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

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
  var place = (row * params.length + chunk) * params.inner + column;
  var result = input[place];
  for (var k = chunk + params.chunks; k < params.length; k += params.chunks) {
    place += params.chunks * params.inner;
    let value = input[place];
    if (OPERATION == 0u) {
      result += value;
    } else if (OPERATION == 1u) {
      result = max(result, value);
    } else {
      result = min(result, value);
    }
  }
  output[index] = params.scale * result;
}
