// Second stage of batch statistics: merges the slices' partial results in a fixed order and updates the running statistics.
//   mean[c], variance[c] = batch mean and biased variance
//   runningMean[c]     = (1 - momentum) * runningMean[c] + momentum * mean[c]
//   runningVariance[c] = (1 - momentum) * runningVariance[c] + momentum * variance[c] * rows / (rows - 1)
// means, deviations [slices, bandRows * C] as statistics.wgsl leaves them (relative to the first row); input [rows,C], of which the
// first row is read; the others [C]. A workgroup merges CHANNELS channels: each of SLOTS invocations a channel merges every
// SLOTS-th slice, then they are merged in a tree (Chan, Golub and LeVeque, 1979). Writes with `=`.

const CHANNELS: u32 = 8u;
const SLOTS: u32 = 32u;
const WORKGROUP: u32 = CHANNELS * SLOTS;

struct Params {
  rows: u32,
  channels: u32,
  bandRows: u32,
  phases: u32,
  steps: u32,
  slices: u32,
  momentum: f32,
}

struct Moments {
  count: f32,
  mean: f32,
  deviation: f32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> means: array<f32>;
@group(0) @binding(2) var<storage, read> deviations: array<f32>;
@group(0) @binding(3) var<storage, read_write> runningMean: array<f32>;
@group(0) @binding(4) var<storage, read_write> runningVariance: array<f32>;
@group(0) @binding(5) var<storage, read_write> mean: array<f32>;
@group(0) @binding(6) var<storage, read_write> variance: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

var<workgroup> counts: array<f32, WORKGROUP>;
var<workgroup> slotMeans: array<f32, WORKGROUP>;
var<workgroup> slotDeviations: array<f32, WORKGROUP>;

fn merge(a: Moments, b: Moments) -> Moments {
  if (b.count == 0.0) {
    return a;
  }
  let count = a.count + b.count;
  let weight = b.count / count;
  let delta = b.mean - a.mean;
  return Moments(count, a.mean + delta * weight, a.deviation + (b.deviation + delta * delta * (a.count * weight)));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let slot = lane / CHANNELS;
  let channel = (group.x + group.y * groups.x) * CHANNELS + lane % CHANNELS;
  var moments = Moments(0.0, 0.0, 0.0);
  if (channel < params.channels) {
    for (var slice = slot; slice < params.slices; slice += SLOTS) {
      let first = (slice / params.phases) * params.phases * params.steps + slice % params.phases;
      for (var row = 0u; row < params.bandRows; row++) {
        // Bands of which this row lies within the tensor, and how many of them this slice has.
        let bands = (params.rows - min(row, params.rows) + params.bandRows - 1u) / params.bandRows;
        let count = min((bands - min(first, bands) + params.phases - 1u) / params.phases, params.steps);
        let index = (slice * params.bandRows + row) * params.channels + channel;
        moments = merge(moments, Moments(f32(count), means[index], deviations[index]));
      }
    }
  }
  for (var half = SLOTS / 2u; half > 0u; half /= 2u) {
    counts[lane] = moments.count;
    slotMeans[lane] = moments.mean;
    slotDeviations[lane] = moments.deviation;
    workgroupBarrier();
    if (slot < half) {
      let other = lane + half * CHANNELS;
      moments = merge(moments, Moments(counts[other], slotMeans[other], slotDeviations[other]));
    }
    workgroupBarrier();
  }
  if (slot == 0u && channel < params.channels) {
    let batchMean = input[channel] + moments.mean;
    let rows = f32(params.rows);
    mean[channel] = batchMean;
    variance[channel] = moments.deviation / rows;
    let keep = 1.0 - params.momentum;
    runningMean[channel] = keep * runningMean[channel] + params.momentum * batchMean;
    runningVariance[channel] = keep * runningVariance[channel] + params.momentum * (moments.deviation / (rows - 1.0));
  }
}
