// Gradient of the rectified linear unit, from its output: no mask is stored.
//   inputGradient[i] = output[i] > 0 ? outputGradient[i] : 0; where the output is NaN the gradient passes, as in PyTorch.
// One invocation computes PER_INVOCATION vec4s, neighbouring invocations neighbouring ones. Moves 12 bytes an element. Writes with `=`; the last vec4 may reach into the padding.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;

struct Params {
  count: u32,
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
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * BLOCK;
    if (index >= params.count) {
      break;
    }
    inputGradient[index] = select(outputGradient[index], vec4<f32>(0.0), output[index] <= vec4<f32>(0.0));
  }
}
