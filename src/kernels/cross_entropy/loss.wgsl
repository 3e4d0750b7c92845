// Cross entropy of every row, one row an invocation: loss[n] = -log softmax(x[n])[y], y = labels[n].
// logits [N,C], labels [N], statistics [N,2] = (max, log sum of exp(x - max)), loss [N]. A label >= C gives NaN and reads nothing.

const WORKGROUP: u32 = 64u;

struct Params {
  rows: u32,
  classes: u32,
  nanBits: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let label = labels[row];
  if (label >= params.classes) {
    loss[row] = bitcast<f32>(params.nanBits);
    return;
  }
  let statistic = statistics[row];
  loss[row] = statistic.y - (logits[row * params.classes + label] - statistic.x);
}
