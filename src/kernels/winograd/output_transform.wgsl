// Winograd F(4x4,3x3), back to the image (Lavin and Gray 2016): the 6x6 products m of a tile become its 4x4 output pixels
//   output = A^T m A + bias,    A^T = [ 1  1  1  1  1  0 ]
//                                     [ 0  1 -1  2 -2  0 ]
//                                     [ 0  1  1  4  4  0 ]
//                                     [ 0  1 -1  8 -8  1 ]
// Products [36][tiles][channels]; output NHWC, written with `=`, every element once (tiles reach beyond the last row and column).
// One invocation computes a tile of one channel: 36 loads, up to 16 stores; neighbours have the next channels. Moves at most 4 * 52 bytes
// a channel and tile.
const WORKGROUP: u32 = 64u;

struct Params {
  tiles: u32,
  tilesY: u32,
  tilesX: u32,
  outputHeight: u32,
  outputWidth: u32,
  channels: u32,
  hasBias: u32,
}

@group(0) @binding(0) var<storage, read> products: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

// A^T times a column (or row) of six.
fn transform(
  m0: f32,
  m1: f32,
  m2: f32,
  m3: f32,
  m4: f32,
  m5: f32,
) -> array<f32, 4> {
  let sum = m1 + m2;
  let difference = m1 - m2;
  let outerSum = m3 + m4;
  let outerDifference = m3 - m4;
  return array<f32, 4>(
    m0 + sum + outerSum,
    difference + 2.0 * outerDifference,
    sum + 4.0 * outerSum,
    difference + 8.0 * outerDifference + m5,
  );
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let channel = index % params.channels;
  let tile = index / params.channels;
  if (tile >= params.tiles) {
    return;
  }
  let step = params.tiles * params.channels;
  // By rows first: each becomes a row of m A.
  var rows: array<array<f32, 4>, 6>;
  for (var i = 0u; i < 6u; i++) {
    let first = i * 6u * step + index;
    rows[i] = transform(
      products[first],
      products[first + step],
      products[first + 2u * step],
      products[first + 3u * step],
      products[first + 4u * step],
      products[first + 5u * step],
    );
  }
  let n = tile / params.tilesX / params.tilesY;
  let top = tile / params.tilesX % params.tilesY * 4u;
  let left = tile % params.tilesX * 4u;
  let shift = select(0.0, bias[channel], params.hasBias == 1u);
  for (var j = 0u; j < 4u; j++) {
    let column = transform(rows[0][j], rows[1][j], rows[2][j], rows[3][j], rows[4][j], rows[5][j]);
    let x = left + j;
    for (var i = 0u; i < 4u; i++) {
      let y = top + i;
      if (y < params.outputHeight && x < params.outputWidth) {
        output[((n * params.outputHeight + y) * params.outputWidth + x) * params.channels + channel] = column[i] + shift;
      }
    }
  }
}
