// Copies matrices into others of other sizes, padding with zeros or cutting off, transposed or not.
//   result[m, row, column] = source[m, row, column]      source [matrices][sourceRows][sourceColumns], transposed = 0
//                          = source[m, column, row]      transposed = 1
// and 0 outside the source. One invocation writes one element of result [matrices][targetRows][targetColumns], with `=`.
// Moves 8 bytes an element.
const WORKGROUP: u32 = 64u;

struct Params {
  matrices: u32,
  sourceRows: u32,
  sourceColumns: u32,
  targetRows: u32,
  targetColumns: u32,
  transposed: u32,
}

@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let targetColumn = index % params.targetColumns;
  let targetRow = index / params.targetColumns % params.targetRows;
  let m = index / params.targetColumns / params.targetRows;
  if (m >= params.matrices) {
    return;
  }
  let transposed = params.transposed == 1u;
  let row = select(targetRow, targetColumn, transposed);
  let column = select(targetColumn, targetRow, transposed);
  let inside = row < params.sourceRows && column < params.sourceColumns;
  let place = (m * params.sourceRows + row) * params.sourceColumns + column;
  result[index] = select(0.0, source[place], inside);
}
