// Points on the straight line from a baseline colour to every image, one element an invocation:
//   output[s,n,i] = (1 - position[s]) * baseline[i mod C] + position[s] * input[n,i]
// input [N,L] whose last axis is C channels, baseline [C], positions [S], output [S,N,L]. Position 1 is the image to the bit.
// Moves 8 bytes an element. Writes with `=`.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  inputSize: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> baseline: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

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
  let source = index % params.inputSize;
  let position = positions[index / params.inputSize];
  let part = position * input[source];
  // A sum with 0 would make -0 a 0.
  output[index] = select((1.0 - position) * baseline[source % params.channels] + part, part, position == 1.0);
}
