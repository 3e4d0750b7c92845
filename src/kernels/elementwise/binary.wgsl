// One function of every pair of elements of two tensors of one shape.
//   output[i] = f(a[i], b[i])
// OPERATION: 0 a - b, 1 a * b, 2 a / b, 3 -(a * b), 4 a == b ? 1 : 0.
// One invocation computes PER_INVOCATION vec4s, neighbouring invocations neighbouring ones; `count` is in vec4s, rounded up: the last one may reach into
// the padding. Moves 12 bytes an element, 1 flop. Writes with `=`.

const OPERATION: u32 = 0u;
const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

fn apply(x: vec4<f32>, y: vec4<f32>) -> vec4<f32> {
  if (OPERATION == 0u) {
    return x - y;
  } else if (OPERATION == 1u) {
    return x * y;
  } else if (OPERATION == 2u) {
    return x / y;
  } else if (OPERATION == 3u) {
    return -(x * y);
  }
  return select(vec4<f32>(0.0), vec4<f32>(1.0), x == y);
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
    output[index] = apply(a[index], b[index]);
  }
}
