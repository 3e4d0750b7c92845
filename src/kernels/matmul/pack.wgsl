// Copies matrices into rows padded to whole vec4s (with zeros), transposed or not.
//   packed[m, row, column] = matrix[m, row, column]      [matrices][rows][columns]    with transposed = 0
//                          = matrix[m, column, row]      [matrices][columns][rows]    with transposed = 1
// One invocation writes one vec4 of packed [matrices][rows][ceil(columns / 4)], with `=`. Moves 8 bytes an element.
const WORKGROUP: u32 = 64u;

struct Params {
  matrices: u32,
  rows: u32,
  columns: u32,
  transposed: u32,
}

@group(0) @binding(0) var<storage, read> matrix: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

fn element(m: u32, row: u32, column: u32) -> f32 {
  let plain = row * params.columns + column;
  let swapped = column * params.rows + row;
  let index = m * params.rows * params.columns + select(plain, swapped, params.transposed == 1u);
  return select(0.0, matrix[index], column < params.columns);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let width = (params.columns + 3u) / 4u;
  let column = index % width * 4u;
  let row = index / width % params.rows;
  let m = index / width / params.rows;
  if (m >= params.matrices) {
    return;
  }
  packed[index] = vec4<f32>(
    element(m, row, column),
    element(m, row, column + 1u),
    element(m, row, column + 2u),
    element(m, row, column + 3u),
  );
}
