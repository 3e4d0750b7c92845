// One function of the elements of rows and a value for each row.
//   output[r, k] = f(a[r, k], b[r]),  a [rows, inner], b [rows]
// OPERATION as in binary.wgsl: 0 a - b, 1 a * b, 2 a / b, 3 -(a * b), 4 a == b ? 1 : 0.
// One invocation computes PER_INVOCATION vec4s, neighbouring invocations neighbouring ones; a vec4 may lie in up to ROWS rows.
// `count` is in vec4s, rounded up, and `lastRow` keeps the padding's elements within b. From one vec4 to an invocation's next
// it is `strideRows` rows and `strideColumns` columns. Moves 8 bytes an element, 1 flop. Writes with `=`.

const OPERATION: u32 = 0u;
const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;
// Rows that a vec4 may lie in: 1 where their length is a multiple of four, 2 where it is 4 or more, else 4.
const ROWS: u32 = 4u;

struct Params {
  count: u32,
  inner: u32,
  lastRow: u32,
  strideRows: u32,
  strideColumns: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

fn apply(x: vec4<f32>, y: vec4<f32>) -> vec4<f32> {
  if (OPERATION == 0u) {
    return x - y;
  } else if (OPERATION == 1u) {
    return x * y;
  } else if (OPERATION == 2u) {
    return x / y;
  } else if (OPERATION == 3u) {
    return -(x * y);
  }
  return select(vec4<f32>(0.0), vec4<f32>(1.0), x == y);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  // One division finds the row of the first vec4; those of the others follow by addition.
  var row = 4u * first / params.inner;
  var column = 4u * first - row * params.inner;
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * BLOCK;
    if (index >= params.count) {
      break;
    }
    var y = vec4<f32>(b[row]);
    if (ROWS == 2u) {
      let next = b[min(row + 1u, params.lastRow)];
      y = select(vec4<f32>(next), y, vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.inner));
    } else if (ROWS == 4u) {
      y.y = b[min(row + (column + 1u) / params.inner, params.lastRow)];
      y.z = b[min(row + (column + 2u) / params.inner, params.lastRow)];
      y.w = b[min(row + (column + 3u) / params.inner, params.lastRow)];
    }
    output[index] = apply(a[index], y);
    row += params.strideRows;
    column += params.strideColumns;
    if (column >= params.inner) {
      column -= params.inner;
      row += 1u;
    }
  }
}
