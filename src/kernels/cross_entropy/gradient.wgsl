// Gradient of the cross entropy, one logit an invocation: dx[n,c] = dLoss[n] (softmax(x[n])[c] - [c == y]), y = labels[n].
// logits, logitGradient [N,C]; statistics [N,2] = (max, log sum of exp(x - max)); labels, lossGradient [N]. A label >= C gives
// its row NaN. Moves 8 bytes an element.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  classes: u32,
  nanBits: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> lossGradient: array<f32>;
@group(0) @binding(4) var<storage, read_write> logitGradient: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

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
  let row = index / params.classes;
  let label = labels[row];
  let statistic = statistics[row];
  let probability = exp((logits[index] - statistic.x) - statistic.y);
  let gradient = lossGradient[row] * (probability - select(0.0, 1.0, index % params.classes == label));
  logitGradient[index] = select(bitcast<f32>(params.nanBits), gradient, label < params.classes);
}
