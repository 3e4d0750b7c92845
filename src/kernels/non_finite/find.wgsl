// Looks for numbers that are not finite, NaN or infinite, in a flat tensor:
//   found[first + invocation] = 1 where one of the invocation's elements is not finite, else 0
// Tested by bits (all ones in the exponent), since WGSL lets a compiler take for granted that no number is. Each workgroup looks at a
// range of neighbouring vec4s, its invocations side by side, four vec4s at a time so that loads overlap. Elements behind `size` in the
// last vec4 do not count. Moves 4 bytes an element.

const WORKGROUP: u32 = 64u;

struct Params {
  size: u32,
  first: u32,
}

@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> found: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

const EXPONENT: u32 = 0x7f800000u;

fn exponents(index: u32) -> vec4<u32> {
  return bitcast<vec4<u32>>(source[index]) & vec4<u32>(EXPONENT);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = group.x * WORKGROUP + lane;
  // Whole vec4s; the rest of one is looked at below.
  let whole = params.size / 4u;
  let share = (whole + groups.x - 1u) / groups.x;
  let end = min(whole, (group.x + 1u) * share);
  var largest = vec4<u32>(0u);
  var index = group.x * share + lane;
  for (; index + 3u * WORKGROUP < end; index += 4u * WORKGROUP) {
    let a = max(exponents(index), exponents(index + WORKGROUP));
    let b = max(exponents(index + 2u * WORKGROUP), exponents(index + 3u * WORKGROUP));
    largest = max(largest, max(a, b));
  }
  for (; index < end; index += WORKGROUP) {
    largest = max(largest, exponents(index));
  }
  if (invocation == 0u && params.size % 4u != 0u) {
    let inside = vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size % 4u);
    largest = max(largest, select(vec4<u32>(0u), exponents(whole), inside));
  }
  found[params.first + invocation] = select(0u, 1u, any(largest == vec4<u32>(EXPONENT)));
}
