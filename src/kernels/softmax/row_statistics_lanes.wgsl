// Softmax statistics of every row over its columns, LANES neighbouring invocations a row; any number of columns.
// The same numbers as row_statistics.wgsl, for adapters on which neighbouring lanes must read neighbouring addresses (GPUs): a
// row's lanes walk its columns side by side, CHUNK loads in flight; each keeps a running (maximum, sum), and a tree of fixed
// order merges them.

const LANES: u32 = 32u;
const ROWS: u32 = 4u;
const CHUNK: u32 = 4u;
const LOWEST: f32 = -3.4028234e38;
const WORKGROUP = LANES * ROWS;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> partial: array<vec2<f32>, WORKGROUP>;

// Two (maximum, sum of exp(value - maximum)) in one.
fn merge(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  let maximum = max(a.x, b.x);
  return vec2<f32>(maximum, a.y * exp(a.x - maximum) + b.y * exp(b.x - maximum));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let lane = index % LANES;
  let row = (group.x + group.y * groups.x) * ROWS + index / LANES;
  // Rows past the end repeat the last one and write nothing: every invocation must meet the barriers.
  let base = min(row, params.rows - 1u) * params.columns;
  var maximum = max(input[base], LOWEST);
  var sum = 0.0;
  for (var first = lane; first < params.columns; first += CHUNK * LANES) {
    var chunk: array<f32, CHUNK>;
    var larger = maximum;
    for (var i = 0u; i < CHUNK; i++) {
      let column = first + i * LANES;
      chunk[i] = select(LOWEST, input[base + min(column, params.columns - 1u)], column < params.columns);
      larger = max(larger, chunk[i]);
    }
    sum *= exp(maximum - larger);
    maximum = larger;
    for (var i = 0u; i < CHUNK; i++) {
      sum += exp(chunk[i] - maximum);
    }
  }
  partial[index] = vec2<f32>(maximum, sum);
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[index] = merge(partial[index], partial[index + stride]);
    }
    workgroupBarrier();
  }
  if (lane == 0u && row < params.rows) {
    statistics[row] = vec2<f32>(partial[index].x, log(partial[index].y));
  }
}
