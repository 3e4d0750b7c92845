// Second stage of batch normalisation's gradient: adds the slices' sums in a fixed order.
//   shiftGradient[c] = sum g, scaleGradient[c] = sum g * xhat, averages[c] = (sum g, sum g * xhat) / rows
// sums [2, slices, bandRows * C] as gradient_sums.wgsl leaves them; shiftGradient, scaleGradient [C]; averages [C,2].
// A workgroup adds CHANNELS channels: each of SLOTS invocations a channel adds every SLOTS-th slice, then a tree. Writes with `=`.

const CHANNELS: u32 = 8u;
const SLOTS: u32 = 32u;
const WORKGROUP: u32 = CHANNELS * SLOTS;

struct Params {
  rows: u32,
  channels: u32,
  bandRows: u32,
  slices: u32,
}

@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> scaleGradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> shiftGradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> averages: array<vec2<f32>>;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> partial: array<vec2<f32>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let slot = lane / CHANNELS;
  let channel = (group.x + group.y * groups.x) * CHANNELS + lane % CHANNELS;
  let rows = params.slices * params.bandRows;
  var sum = vec2<f32>(0.0);
  if (channel < params.channels) {
    for (var row = slot; row < rows; row += SLOTS) {
      let index = row * params.channels + channel;
      sum += vec2<f32>(sums[index], sums[rows * params.channels + index]);
    }
  }
  for (var half = SLOTS / 2u; half > 0u; half /= 2u) {
    partial[lane] = sum;
    workgroupBarrier();
    if (slot < half) {
      sum += partial[lane + half * CHANNELS];
    }
    workgroupBarrier();
  }
  if (slot == 0u && channel < params.channels) {
    shiftGradient[channel] = sum.x;
    scaleGradient[channel] = sum.y;
    averages[channel] = sum / f32(params.rows);
  }
}
