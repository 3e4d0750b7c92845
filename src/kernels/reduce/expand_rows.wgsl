// Gradient of a sum over rows [outer, length]: every element gets the gradient of its row's sum.
//   output[o, k] = scale * input[o]
// One invocation writes PER_INVOCATION vec4s, neighbouring invocations neighbouring ones; a vec4 may lie in up to ROWS rows.
// `count` is in vec4s, rounded up, and `lastRow` keeps the padding's elements within the input. From one vec4 to an invocation's
// next it is `strideRows` rows and `strideColumns` columns. Writes 4 bytes an element, 1 flop. Writes with `=`.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;
// Rows that a vec4 may lie in: 0 where there is one row in all, 1 where their length is a multiple of four, 2 where it is 4 or more, else 4.
const ROWS: u32 = 4u;

struct Params {
  count: u32,
  length: u32,
  lastRow: u32,
  strideRows: u32,
  strideColumns: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  // One division finds the row of the first vec4; those of the others follow by addition.
  var row = 4u * first / params.length;
  var column = 4u * first - row * params.length;
  let only = params.scale * input[0];
  for (var i = 0u; i < PER_INVOCATION; i++) {
    let index = first + i * BLOCK;
    if (index >= params.count) {
      break;
    }
    if (ROWS == 0u) {
      output[index] = vec4<f32>(only);
      continue;
    }
    var value = vec4<f32>(input[row]);
    if (ROWS == 2u) {
      let next = input[min(row + 1u, params.lastRow)];
      value = select(vec4<f32>(next), value, vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.length));
    } else if (ROWS == 4u) {
      value.y = input[min(row + (column + 1u) / params.length, params.lastRow)];
      value.z = input[min(row + (column + 2u) / params.length, params.lastRow)];
      value.w = input[min(row + (column + 3u) / params.length, params.lastRow)];
    }
    output[index] = params.scale * value;
    row += params.strideRows;
    column += params.strideColumns;
    if (column >= params.length) {
      column -= params.length;
      row += 1u;
    }
  }
}
