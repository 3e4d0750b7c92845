// Winograd F(4x4,3x3), back to the weights: the 36 sums p over all tiles of an input and an output channel become the gradient of
// its 3x3 taps,
//   weightGradient = G^T p G,    G^T = [ 1/4 -1/6 -1/6 1/24  1/24  0 ]
//                                      [  0  -1/6  1/6 1/12 -1/12  0 ]
//                                      [  0  -1/6 -1/6  1/6   1/6  1 ]
// (the transpose of the weights' transform). Sums [36][Cin][Cout]; weightGradient [3][3][Cin][Cout], written with `=`, every element
// once. One invocation transforms one pair of channels, of which there are `count`: 36 loads, 9 stores. Moves 4 * 45 bytes a pair.
const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> weightGradient: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

// G^T times a column (or row) of six.
fn transform(
  p0: f32,
  p1: f32,
  p2: f32,
  p3: f32,
  p4: f32,
  p5: f32,
) -> array<f32, 3> {
  let sum = (p1 + p2) / 6.0;
  let difference = (p2 - p1) / 6.0;
  let outerSum = p3 + p4;
  let outerDifference = p3 - p4;
  return array<f32, 3>(
    p0 / 4.0 - sum + outerSum / 24.0,
    difference + outerDifference / 12.0,
    outerSum / 6.0 - sum + p5,
  );
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
  let step = params.count;
  var rows: array<array<f32, 3>, 6>;
  for (var i = 0u; i < 6u; i++) {
    let first = i * 6u * step + index;
    rows[i] = transform(
      sums[first],
      sums[first + step],
      sums[first + 2u * step],
      sums[first + 3u * step],
      sums[first + 4u * step],
      sums[first + 5u * step],
    );
  }
  for (var j = 0u; j < 3u; j++) {
    let column = transform(rows[0][j], rows[1][j], rows[2][j], rows[3][j], rows[4][j], rows[5][j]);
    for (var i = 0u; i < 3u; i++) {
      weightGradient[(i * 3u + j) * step + index] = column[i];
    }
  }
}
