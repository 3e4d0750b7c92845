// Softmax (or, with LOG = 1, its logarithm) from the row statistics; PER_INVOCATION vec4s an invocation.
//   output[r,c] = exp((input[r,c] - max_r) - logSum_r), without exp for the logarithm
// input, output [rows,columns] as vec4s (the last may reach into the padding), statistics [rows,2] from row_statistics.wgsl.
// With ALIGNED = 1 columns are a multiple of four and the four elements share a row. Moves 8 bytes an element.

const WORKGROUP: u32 = 64u;
const PER_INVOCATION: u32 = 4u;
// Neighbouring invocations that walk side by side, BLOCK vec4s a step.
const BLOCK: u32 = 64u;
const LOG: u32 = 0u;
const ALIGNED: u32 = 0u;

struct Params {
  rows: u32,
  columns: u32,
  count: u32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let start = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;
  for (var k = 0u; k < PER_INVOCATION; k++) {
    let index = start + k * BLOCK;
    if (index < params.count) {
      let first = statistics[index * 4u / params.columns];
      var maximum = vec4<f32>(first.x);
      var logSum = vec4<f32>(first.y);
      if (ALIGNED == 0u) {
        for (var i = 1u; i < 4u; i++) {
          let statistic = statistics[min((index * 4u + i) / params.columns, params.rows - 1u)];
          maximum[i] = statistic.x;
          logSum[i] = statistic.y;
        }
      }
      let logarithm = (input[index] - maximum) - logSum;
      if (LOG == 1u) {
        output[index] = logarithm;
      } else {
        output[index] = exp(logarithm);
      }
    }
  }
}
