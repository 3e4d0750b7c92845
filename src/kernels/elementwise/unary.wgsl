// One function of every element.
//   output[i] = f(input[i])
// OPERATION: 0 input * first + second, 1 exp, 2 log, 3 softplus = log(1 + exp(input)), 4 abs, 5 square, 6 sqrt,
// 7 clamp to [first, second].
// One invocation computes PER_INVOCATION vec4s, neighbouring invocations neighbouring ones; `count` is in vec4s, rounded up: the last one may reach into
// the padding. Moves 8 bytes an element. Writes with `=`.

const OPERATION: u32 = 0u;
const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;

struct Params {
  count: u32,
  first: f32,
  second: f32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

// log(1 + u) for u in [0, 1], as 2 atanh(s) with s = u / (2 + u) in [0, 1/3], which loses nothing for small u, where log(1.0 + u) rounds
// u away. atanh(s) / s = 1 + t q(t), t = s^2; q is the cubic whose largest relative error in that is least: 4.5e-9 < 2^-27.
fn log1p(u: vec4<f32>) -> vec4<f32> {
  let s = u / (2.0 + u);
  let t = s * s;
  var series = vec4<f32>(0.14005993);
  series = series * t + 0.14000903;
  series = series * t + 0.20010763;
  series = series * t + 0.3333321;
  return 2.0 * (s + s * t * series);
}

fn apply(x: vec4<f32>) -> vec4<f32> {
  if (OPERATION == 0u) {
    return x * params.first + params.second;
  } else if (OPERATION == 1u) {
    return exp(x);
  } else if (OPERATION == 2u) {
    return log(x);
  } else if (OPERATION == 3u) {
    return max(x, vec4<f32>(0.0)) + log1p(exp(-abs(x)));
  } else if (OPERATION == 4u) {
    return abs(x);
  } else if (OPERATION == 5u) {
    return x * x;
  } else if (OPERATION == 6u) {
    return sqrt(x);
  }
  return clamp(x, vec4<f32>(params.first), vec4<f32>(params.second));
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
    output[index] = apply(input[index]);
  }
}
