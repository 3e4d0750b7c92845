// Softmax statistics of every row over its columns, one row an invocation; any number of columns.
//   statistics[r] = (max_c x[r,c], log sum_c exp(x[r,c] - max)),   log softmax(x)[r,c] = (x[r,c] - max) - logSum
// input [rows,columns] as vec4s, statistics [rows,2]. Reads the input once: the sum is rescaled when two vec4s have a new
// maximum. A row need not begin or end with a vec4: what belongs to its neighbours counts as NOTHING; with ALIGNED = 1 columns
// are a multiple of four and rows do. Maximum and log-sum stay apart so that values of +-1000 lose nothing. A comparison picks
// the larger vec4, because adapters make more of max(), for the sake of NaN; named values take the place of an array, which
// SwiftShader keeps in memory. Moves 4 columns + 8 bytes a row, one exponential an element.

const WORKGROUP: u32 = 64u;
const ALIGNED: u32 = 0u;
const NOTHING: f32 = -1e38;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

fn largest(v: vec4<f32>) -> f32 {
  return max(max(v.x, v.y), max(v.z, v.w));
}

// The vec4 with what lies outside elements begin to end - 1 taken out.
fn within(quad: u32, begin: u32, end: u32) -> vec4<f32> {
  let element = vec4<u32>(4u * quad) + vec4<u32>(0u, 1u, 2u, 3u);
  return select(
    vec4<f32>(NOTHING),
    input[quad],
    (element >= vec4<u32>(begin)) & (element < vec4<u32>(end)),
  );
}

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
  let begin = row * params.columns;
  let end = begin + params.columns;
  let first = begin / 4u;
  let last = (end - 1u) / 4u;

  var maximum = f32(NOTHING);
  var sum = vec4<f32>(0.0);
  var quad = first;
  // One past the last vec4 that is the row's alone.
  var whole = last + 1u;
  if (ALIGNED == 0u) {
    let start = within(first, begin, end);
    maximum = largest(start);
    sum = exp(start - maximum);
    quad = first + 1u;
    whole = last;
  }
  for (; quad + 2u <= whole; quad += 2u) {
    let a = input[quad];
    let b = input[quad + 1u];
    let larger = max(maximum, largest(select(a, b, b > a)));
    sum = sum * exp(maximum - larger) + exp(a - larger) + exp(b - larger);
    maximum = larger;
  }
  for (; quad <= last; quad++) {
    let values = within(quad, begin, end);
    let larger = max(maximum, largest(values));
    sum = sum * exp(maximum - larger) + exp(values - larger);
    maximum = larger;
  }
  statistics[row] = vec2<f32>(maximum, log((sum.x + sum.y) + (sum.z + sum.w)));
}
