// Elementwise sum of two tensors of one shape.
//   sum[i] = a[i] + b[i]
// One invocation computes PER_INVOCATION vec4s, neighbouring invocations neighbouring ones.
// Moves 3 * 4 bytes an element, 1 flop. Writes with `=`; the last vec4 may reach into the padding of the buffer, which the
// pool always leaves, so `count` is in vec4s, rounded up.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> sum: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * BLOCK;
    if (index >= params.count) {
      break;
    }
    sum[index] = a[index] + b[index];
  }
}
