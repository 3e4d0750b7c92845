// A probe of an adapter: what loading costs, alone or (EXPONENTIALS = 1) with an exponential of every element.
//   sums[invocation] = sum of the invocation's vec4s of input, or of their exponentials
// Invocations walk in blocks as in copy/copy.wgsl; `count` vec4s. Reads 4 bytes an element, one flop (and exponential) each; writes
// one vec4 an invocation with `=`.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
const BLOCK: u32 = 64u;
const EXPONENTIALS: u32 = 0u;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  var sum = vec4<f32>(0.0);
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * BLOCK;
    if (index >= params.count) {
      break;
    }
    if (EXPONENTIALS == 1u) {
      sum += exp(input[index]);
    } else {
      sum += input[index];
    }
  }
  // A folded grid reaches beyond.
  if (invocation < arrayLength(&sums)) {
    sums[invocation] = sum;
  }
}
