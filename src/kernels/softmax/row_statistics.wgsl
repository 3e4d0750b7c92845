// Softmax statistics of every row over its columns, one row an invocation; any number of columns.
//   statistics[r] = (max_c x[r,c], log sum_c exp(x[r,c] - max)),   log softmax(x)[r,c] = (x[r,c] - max) - logSum
// input [rows,columns], statistics [rows,2]. Reads the input once: the sum is rescaled when a chunk of CHUNK columns has a new
// maximum. Maximum and log-sum stay apart so that values of +-1000 lose nothing. Moves 4 columns + 8 bytes a row.

const WORKGROUP: u32 = 64u;
const CHUNK: u32 = 8u;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

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
  let base = row * params.columns;
  var maximum = input[base];
  var sum = 0.0;
  var first = 0u;
  for (; first + CHUNK <= params.columns; first += CHUNK) {
    var chunk: array<f32, CHUNK>;
    var larger = maximum;
    for (var i = 0u; i < CHUNK; i++) {
      chunk[i] = input[base + first + i];
      larger = max(larger, chunk[i]);
    }
    sum *= exp(maximum - larger);
    maximum = larger;
    for (var i = 0u; i < CHUNK; i++) {
      sum += exp(chunk[i] - maximum);
    }
  }
  for (; first < params.columns; first++) {
    let value = input[base + first];
    let larger = max(maximum, value);
    sum = sum * exp(maximum - larger) + exp(value - larger);
    maximum = larger;
  }
  statistics[row] = vec2<f32>(maximum, log(sum));
}
