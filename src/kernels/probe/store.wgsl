// A probe of an adapter: what storing costs, without loads.
//   output[i] = value
// Invocations walk in blocks as in copy/copy.wgsl; `count` vec4s. Writes 4 bytes an element with `=`.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
const BLOCK: u32 = 64u;

struct Params {
  count: u32,
  value: f32,
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
  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * BLOCK;
    if (index >= params.count) {
      break;
    }
    output[index] = vec4<f32>(params.value);
  }
}
