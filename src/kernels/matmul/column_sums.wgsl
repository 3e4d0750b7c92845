// Sums over the rows of a matrix, in parts that matmul/sum adds in a fixed order: the gradient of a bias.
//   output[part, column] = sum over the part's rows of matrix[row, column]
// One invocation adds up one column of one part. Matrix [rows][columns], output [parts][columns]; reads 4 bytes a matrix element;
// writes with `=`.
const WORKGROUP: u32 = 64u;

struct Params {
  rows: u32,
  columns: u32,
  partRows: u32,
  parts: u32,
}

@group(0) @binding(0) var<storage, read> matrix: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let column = index % params.columns;
  let part = index / params.columns;
  if (part >= params.parts) {
    return;
  }
  let last = min((part + 1u) * params.partRows, params.rows);
  var total = 0.0;
  for (var row = part * params.partRows; row < last; row++) {
    total += matrix[row * params.columns + column];
  }
  output[index] = total;
}
