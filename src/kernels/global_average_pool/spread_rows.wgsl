// Gradient of a mean over an image's pixels, one channel at a time (any C): every pixel gets the same.
//   inputGradient[n,r,c] = factor * outputGradient[n,c]
// outputGradient [N,C], inputGradient [N,rows,C]; columns = C. One invocation writes one column of one slice of an image's rows,
// `steps` of them, with `=`. Writes 4 bytes an element.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  columns: u32,
  rows: u32,
  steps: u32,
  slices: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> inputGradient: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (id >= params.count) {
    return;
  }
  let column = id % params.columns;
  let slice = id / params.columns;
  let image = slice / params.slices;
  let first = (slice - image * params.slices) * params.steps;
  let end = min(first + params.steps, params.rows);
  let value = params.factor * outputGradient[image * params.columns + column];
  let start = image * params.rows * params.columns + column;
  for (var row = first; row < end; row++) {
    inputGradient[start + row * params.columns] = value;
  }
}
