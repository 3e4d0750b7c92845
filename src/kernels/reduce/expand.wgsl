// Gradient of a sum over the middle axis of [outer, length, inner]: every element gets the gradient of its sum.
//   output[o, k, i] = scale * input[o, i]
// One invocation computes the elements of one (o, i) for PER_INVOCATION neighbouring k: it reads once for all of them.
// `segments` is length / PER_INVOCATION, rounded up. Writes 4 bytes an element, 1 flop. Writes with `=`.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 8u;

struct Params {
  count: u32,
  length: u32,
  segments: u32,
  inner: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
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
  let rows = index / params.inner;
  let row = rows / params.segments;
  let first = (rows - row * params.segments) * PER_INVOCATION;
  let value = params.scale * input[row * params.inner + column];
  for (var k = first; k < min(first + PER_INVOCATION, params.length); k++) {
    output[(row * params.length + k) * params.inner + column] = value;
  }
}
