// Copies neighbouring columns of one matrix into another, one channel at a time (any number):
// concatenation puts an input's channels into the output with it, its gradient takes them out again.
//   destination[r, targetFirst + j] = source[r, sourceFirst + j] for 0 <= j < width
// source [rows, sourceColumns], destination [rows, targetColumns]. Neighbouring invocations copy neighbouring columns; each copies
// STRIP rows, `strips` apart. Moves 8 bytes an element. Writes with `=`; the other columns stay as they are.

const WORKGROUP: u32 = 64u;
const STRIP: u32 = 4u;

struct Params {
  rows: u32,
  strips: u32,
  width: u32,
  sourceColumns: u32,
  sourceFirst: u32,
  targetColumns: u32,
  targetFirst: u32,
}

@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> destination: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let first = id / params.width;
  if (first >= params.strips) {
    return;
  }
  let column = id - first * params.width;
  for (var row = first; row < params.rows; row += params.strips) {
    destination[row * params.targetColumns + params.targetFirst + column] =
      source[row * params.sourceColumns + params.sourceFirst + column];
  }
}
