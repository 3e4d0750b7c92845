// Rectified linear unit.
//   output[i] = max(input[i], 0); NaN stays NaN, as in PyTorch (a comparison with NaN is false), where the adapter keeps NaN.
// One invocation computes PER_INVOCATION vec4s, neighbouring invocations neighbouring ones. Moves 8 bytes an element, 1 flop. Writes with `=`; the last vec4 may reach into the padding.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;

struct Params {
  count: u32,
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
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * BLOCK;
    if (index >= params.count) {
      break;
    }
    let value = input[index];
    output[index] = select(value, vec4<f32>(0.0), value < vec4<f32>(0.0));
  }
}
