// Sum of parts, in their order: the second stage of a sum that was split.
//   sum[i] = parts[0, i] + parts[1, i] + ...
// One invocation adds up one element. Parts [parts][count], sum [count]; moves 4 * (parts + 1) bytes an element; writes with `=`.
const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  parts: u32,
}

@group(0) @binding(0) var<storage, read> parts: array<f32>;
@group(0) @binding(1) var<storage, read_write> sum: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (index >= params.count) {
    return;
  }
  var total = 0.0;
  for (var part = 0u; part < params.parts; part++) {
    total += parts[part * params.count + index];
  }
  sum[index] = total;
}
