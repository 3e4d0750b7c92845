// One function of the elements of rows and a value for each row.
//   output[r, k] = f(a[r, k], b[r]),  a [rows, inner], b [rows]
// OPERATION as in binary.wgsl: 0 a - b, 1 a * b, 2 a / b, 3 -(a * b), 4 a == b ? 1 : 0.
// One invocation computes four neighbouring elements (a vec4), which may lie in up to four rows; `count` is in vec4s, rounded
// up, and `lastRow` keeps the padding's elements within b. Moves 8 bytes an element, 1 flop. Writes with `=`.

const OPERATION: u32 = 0u;
const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  inner: u32,
  lastRow: u32,
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
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (index >= params.count) {
    return;
  }
  let first = 4u * index;
  let row = first / params.inner;
  let lastOfFour = min((first + 3u) / params.inner, params.lastRow);
  var y = vec4<f32>(b[row]);
  if (lastOfFour != row) {
    y.y = b[min((first + 1u) / params.inner, params.lastRow)];
    y.z = b[min((first + 2u) / params.inner, params.lastRow)];
    y.w = b[lastOfFour];
  }
  output[index] = apply(a[index], y);
}
