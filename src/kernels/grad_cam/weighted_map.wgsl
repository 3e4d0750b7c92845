// The positive part of a weighted sum of feature maps, one location an invocation: map[n,z] = max(sum_d weights[n,d] A[n,z,d], 0).
// features A [N,P,D], weights [N,D], map [N,P]. Reads every feature once.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  locations: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> features: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> map: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

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
  let image = index / params.locations;
  var sum = 0.0;
  for (var d = 0u; d < params.channels; d++) {
    sum += weights[image * params.channels + d] * features[index * params.channels + d];
  }
  // Not max(), which may make 0 of a NaN.
  map[index] = select(sum, 0.0, sum < 0.0);
}
