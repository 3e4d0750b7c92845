// Sum of parts, in their order: the second stage of a sum that was split.
//   sum[row, column] = parts[0, row, column] + parts[1, row, column] + ...
// One invocation adds up one element. Parts [parts][rows][partColumns], sum [rows][columns] with columns <= partColumns:
// padding is left out. Moves 4 * (parts + 1) bytes an element; writes with `=`.
const WORKGROUP: u32 = 64u;

struct Params {
  rows: u32,
  columns: u32,
  partColumns: u32,
  parts: u32,
}

@group(0) @binding(0) var<storage, read> parts: array<f32>;
@group(0) @binding(1) var<storage, read_write> sum: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let row = index / params.columns;
  if (row >= params.rows) {
    return;
  }
  let first = row * params.partColumns + index % params.columns;
  let size = params.rows * params.partColumns;
  var total = 0.0;
  for (var part = 0u; part < params.parts; part++) {
    total += parts[part * size + first];
  }
  sum[index] = total;
}
