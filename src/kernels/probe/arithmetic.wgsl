// A probe of an adapter: how fast it computes when nothing is loaded.
//   OPERATION 0: multiply-add, 16 chains an invocation (2 flops a step each);  1: exponential, 8 chains
// Every chain takes `steps` steps in registers, from values that stay between 0 and 1; output [invocations] as vec4s keeps the
// compiler from leaving them out. Moves 16 bytes an invocation. Writes with `=`.

const WORKGROUP: u32 = 64u;
const OPERATION: u32 = 0u;

struct Params {
  steps: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let start = f32(lane) / f32(WORKGROUP);
  var a = vec4<f32>(start);
  var b = vec4<f32>(0.5 * start);
  var c = vec4<f32>(0.25 * start);
  var d = vec4<f32>(0.125 * start);
  if (OPERATION == 0u) {
    // Long straight code: a loop's own cost must not show.
    for (var step = 0u; step < params.steps; step += 8u) {
      for (var k = 0u; k < 8u; k++) {
        a = a * params.factor + 0.1;
        b = b * params.factor + 0.2;
        c = c * params.factor + 0.3;
        d = d * params.factor + 0.4;
      }
    }
  } else {
    for (var step = 0u; step < params.steps; step++) {
      a = exp(-a);
      b = exp(-b);
    }
  }
  output[invocation] = (a + b) + (c + d);
}
