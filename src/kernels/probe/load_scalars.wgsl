// As load.wgsl, one element at a time: a probe of what loading costs where a kernel cannot load vec4s; `count` elements.
//   sums[invocation] = sum of the invocation's elements of input
// Reads 4 bytes an element, one flop each; writes one element an invocation with `=`.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
const BLOCK: u32 = 64u;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  var sum = 0.0;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * BLOCK;
    if (index >= params.count) {
      break;
    }
    sum += input[index];
  }
  // A folded grid reaches beyond.
  if (invocation < arrayLength(&sums)) {
    sums[invocation] = sum;
  }
}
