// Scaled sums over slices of an image's pixels, four channels at a time (C is a multiple of 4). Run twice where an image is cut into slices.
//   sums[n,s,c] = factor * sum over the rows r of slice s, at most `steps` of them, of input[n,r,c]
// input [N,rows,C], sums [N,slices,C]; columns = C / 4. One invocation computes one element of sums from registers, neighbouring
// invocations neighbouring channels. Four running sums keep four loads in flight. Reads 4 bytes an input. Writes with `=`.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  columns: u32,
  rows: u32,
  steps: u32,
  slices: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (id >= params.count) {
    return;
  }
  let column = id % params.columns;
  let slice = id / params.columns;
  let image = slice / params.slices;
  let first = (slice - image * params.slices) * params.steps;
  let end = min(first + params.steps, params.rows);
  let start = image * params.rows * params.columns + column;
  var a = vec4<f32>(0.0);
  var b = vec4<f32>(0.0);
  var c = vec4<f32>(0.0);
  var d = vec4<f32>(0.0);
  var row = first;
  for (; row + 3u < end; row += 4u) {
    let index = start + row * params.columns;
    a += input[index];
    b += input[index + params.columns];
    c += input[index + 2u * params.columns];
    d += input[index + 3u * params.columns];
  }
  for (; row < end; row++) {
    a += input[start + row * params.columns];
  }
  sums[id] = params.factor * ((a + b) + (c + d));
}
