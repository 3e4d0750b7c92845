// Copies matrices into rows padded to whole vec4s, and to more rows, with zeros; transposed or not.
//   packed[m, row, column] = matrix[m, row, column]      matrix [matrices][rows][columns], transposed = 0
//                          = matrix[m, column, row]      transposed = 1
// and 0 outside the matrix. One invocation writes STRIP vec4s of a row of packed [matrices][packedRows][packedWidth], with `=`:
// divisions cost a software adapter more than the copying. Neighbours have the next row: of a transposed matrix they read
// neighbouring elements. Moves 8 bytes an element.
const WORKGROUP: u32 = 64u;
const STRIP: u32 = 8u;

struct Params {
  matrices: u32,
  rows: u32,
  columns: u32,
  packedRows: u32,
  packedWidth: u32,
  transposed: u32,
}

@group(0) @binding(0) var<storage, read> matrix: array<f32>;
@group(0) @binding(1) var<storage, read_write> packed: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

fn element(m: u32, row: u32, column: u32) -> f32 {
  let inside = row < params.rows && column < params.columns;
  let index = (m * params.rows + row) * params.columns + column;
  return select(0.0, matrix[index], inside);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let strips = (params.packedWidth + STRIP - 1u) / STRIP;
  let m = index / params.packedRows / strips;
  if (m >= params.matrices) {
    return;
  }
  let row = index % params.packedRows;
  let first = index / params.packedRows % strips * STRIP;
  let last = min(first + STRIP, params.packedWidth);
  let packedRow = (m * params.packedRows + row) * params.packedWidth;
  for (var vector = first; vector < last; vector++) {
    let column = 4u * vector;
    if (params.transposed == 1u) {
      packed[packedRow + vector] = vec4<f32>(
        element(m, column, row),
        element(m, column + 1u, row),
        element(m, column + 2u, row),
        element(m, column + 3u, row),
      );
    } else {
      packed[packedRow + vector] = vec4<f32>(
        element(m, row, column),
        element(m, row, column + 1u),
        element(m, row, column + 2u),
        element(m, row, column + 3u),
      );
    }
  }
}
