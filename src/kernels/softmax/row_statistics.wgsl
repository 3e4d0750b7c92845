// Softmax statistics of every row over its columns, one row an invocation; any number of columns.
//   statistics[r] = (max_c x[r,c], log sum_c exp(x[r,c] - max)),   log softmax(x)[r,c] = (x[r,c] - max) - logSum
// input [rows,columns] as vec4s, statistics [rows,2]. Reads the input once: the sum is rescaled when three vec4s have a new
// maximum. A row need not begin or end with a vec4: what belongs to its neighbours counts as LOWEST; with ALIGNED = 1 columns
// are a multiple of four and rows do. Maximum and log-sum stay apart so that values of +-1000 lose nothing; -Infinity counts for
// nothing, as long as there are other values. Moves 4 columns + 8 bytes a row; one exponential and four flops an element.
// Of STREAMS neighbouring invocations each takes the next of its own WORKGROUP / STREAMS neighbouring rows as a workgroup goes on: so
// a CPU's prefetchers, which every jump to another row would lose, see one long stream a lane. With STREAMS = 1 invocations follow
// the rows, which short rows want. Named values take the place of an array, which SwiftShader keeps in memory.

const WORKGROUP: u32 = 64u;
const STREAMS: u32 = 8u;
const ALIGNED: u32 = 0u;
const LOWEST: f32 = -3.4028234e38;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

// The larger of each, and the first where the second is no number: adapters make more of a float's max(), for the sake of NaN.
fn larger(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return select(a, b, b > a);
}

// The maximum raised to the largest of four.
fn raise(maximum: f32, v: vec4<f32>) -> f32 {
  let half = select(v.xy, v.zw, v.zw > v.xy);
  let whole = select(half.x, half.y, half.y > half.x);
  return select(maximum, whole, whole > maximum);
}

// The vec4 with what lies outside elements begin to end - 1 taken out.
fn within(quad: u32, begin: u32, end: u32) -> vec4<f32> {
  let element = vec4<u32>(4u * quad) + vec4<u32>(0u, 1u, 2u, 3u);
  return select(
    vec4<f32>(LOWEST),
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
  let place = lane % STREAMS * (WORKGROUP / STREAMS) + lane / STREAMS;
  let row = (group.x + group.y * groups.x) * WORKGROUP + place;
  if (row >= params.rows) {
    return;
  }
  let begin = row * params.columns;
  let end = begin + params.columns;
  let first = begin / 4u;
  let last = (end - 1u) / 4u;

  let start = within(first, begin, end);
  var maximum = raise(LOWEST, start);
  var sum = exp(start - maximum);
  // One past the last vec4 that is the row's alone.
  let whole = last + ALIGNED;
  var quad = first + 1u;
  for (; quad + 3u <= whole; quad += 3u) {
    let a = input[quad];
    let b = input[quad + 1u];
    let c = input[quad + 2u];
    let largest = raise(maximum, larger(larger(a, b), c));
    sum = sum * exp(maximum - largest) + exp(a - largest) + exp(b - largest) + exp(c - largest);
    maximum = largest;
  }
  for (; quad <= last; quad++) {
    let values = within(quad, begin, end);
    let largest = raise(maximum, values);
    sum = sum * exp(maximum - largest) + exp(values - largest);
    maximum = largest;
  }
  statistics[row] = vec2<f32>(maximum, log((sum.x + sum.y) + (sum.z + sum.w)));
}
