// The maps of one class an image, one location an invocation: output[n,z] = input[n,z,y], y = labels[n].
// input [N,P,C], labels [N], output [N,P]. A label >= C gives NaN and reads nothing. Reads one of C values.

const WORKGROUP: u32 = 64u;

struct Params {
  locations: u32,
  locationsPerImage: u32,
  classes: u32,
  nanBits: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let location = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (location >= params.locations) {
    return;
  }
  let label = labels[location / params.locationsPerImage];
  if (label < params.classes) {
    output[location] = input[location * params.classes + label];
  } else {
    output[location] = bitcast<f32>(params.nanBits);
  }
}
