// In-place combination of two flat tensors.
//   OPERATION 0, lerp:       destination = target + factor * (source - target), in the form that is exact at both ends
//   OPERATION 1, add scaled: destination = target + factor * source
// One invocation updates PER_INVOCATION vec4s, neighbouring invocations neighbouring ones; `count` is in vec4s, rounded up.
// What lies behind element `size` of the last vec4 stays: the padding between parameters is zero.
// Moves 12 bytes an element, 3 flops.

const OPERATION: u32 = 0u;
const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;

struct Params {
  size: u32,
  count: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> destination: array<vec4<f32>>;
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
    let old = destination[index];
    let incoming = source[index];
    var updated = old + params.factor * incoming;
    if (OPERATION == 0u) {
      if (params.factor < 0.5) {
        updated = old + params.factor * (incoming - old);
      } else {
        updated = incoming - (1.0 - params.factor) * (incoming - old);
      }
    }
    if (4u * index + 4u > params.size) {
      let inside = vec4<u32>(4u * index) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size);
      updated = select(old, updated, inside);
    }
    destination[index] = updated;
  }
}
