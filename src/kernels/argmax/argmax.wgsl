// Index of the largest element of every row, the first of equals; one row an invocation. A NaN is never larger.
// input [rows,columns], output [rows]. Moves 4 columns + 4 bytes a row.

const WORKGROUP: u32 = 64u;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

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
  let base = row * params.columns;
  var best = 0u;
  var largest = input[base];
  for (var column = 1u; column < params.columns; column++) {
    let value = input[base + column];
    if (value > largest) {
      largest = value;
      best = column;
    }
  }
  output[row] = best;
}
