// In-place combination of two flat tensors.
//   OPERATION 0, lerp:       destination = target + factor * (source - target), in the form that is exact at both ends
//   OPERATION 1, add scaled: destination = target + factor * source
// One invocation updates PER_INVOCATION vec4s, neighbouring invocations neighbouring ones; `count` is in vec4s, rounded up.
// Moves 12 bytes an element, 3 flops.

const OPERATION: u32 = 0u;
const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;

struct Params {
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
  let first = (group.x + group.y * groups.x) * WORKGROUP * PER_INVOCATION + lane;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * WORKGROUP;
    if (index >= params.count) {
      break;
    }
    let old = destination[index];
    let incoming = source[index];
    if (OPERATION == 1u) {
      destination[index] = old + params.factor * incoming;
    } else if (params.factor < 0.5) {
      destination[index] = old + params.factor * (incoming - old);
    } else {
      destination[index] = incoming - (1.0 - params.factor) * (incoming - old);
    }
  }
}
