// Gradient of unary.wgsl's functions (the same OPERATION numbers).
//   inputGradient[i] = outputGradient[i] * f'(input[i])
// `saved` is the input; for exp and sqrt, whose derivative is a function of their value, the output. The affine function 0 is
// its own gradient kernel and is not here. abs has 0 at 0; clamp passes the gradient on its closed interval.
// One invocation computes PER_INVOCATION vec4s, neighbouring invocations neighbouring ones. Moves 12 bytes an element. Writes with `=`.

const OPERATION: u32 = 1u;
const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;

struct Params {
  count: u32,
  first: f32,
  second: f32,
}

@group(0) @binding(0) var<storage, read> saved: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> outputGradient: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> inputGradient: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

fn apply(x: vec4<f32>, gradient: vec4<f32>) -> vec4<f32> {
  if (OPERATION == 1u) {
    return gradient * x;
  } else if (OPERATION == 2u) {
    return gradient / x;
  } else if (OPERATION == 3u) {
    // The logistic function, without an exponential that could overflow.
    let small = exp(-abs(x));
    return gradient * select(small, vec4<f32>(1.0), x >= vec4<f32>(0.0)) / (1.0 + small);
  } else if (OPERATION == 4u) {
    return gradient * sign(x);
  } else if (OPERATION == 5u) {
    return gradient * (2.0 * x);
  } else if (OPERATION == 6u) {
    return gradient / (2.0 * x);
  }
  let inside = (x >= vec4<f32>(params.first)) & (x <= vec4<f32>(params.second));
  return select(vec4<f32>(0.0), gradient, inside);
}

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
    inputGradient[index] = apply(saved[index], outputGradient[index]);
  }
}
