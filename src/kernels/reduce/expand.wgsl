// Gradient of a sum over the middle axis of [outer, length, inner]: every element gets the gradient of its sum.
//   output[o, k, i] = scale * input[o, i]
// One invocation writes four neighbouring elements (a vec4); `count` is in vec4s, rounded up, and the last one may reach into
// the padding. Writes 4 bytes an element, 1 flop. Writes with `=`.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  length: u32,
  inner: u32,
  last: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

fn source(element: u32) -> f32 {
  let place = min(element, params.last);
  return input[place / (params.length * params.inner) * params.inner + place % params.inner];
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
  let first = 4u * index;
  output[index] = params.scale * vec4<f32>(source(first), source(first + 1u), source(first + 2u), source(first + 3u));
}
