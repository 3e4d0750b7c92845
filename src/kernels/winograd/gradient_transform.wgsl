// Winograd F(4x4,3x3), the output gradient's side of the weight gradient: each tile of 4x4 pixels g of the output gradient becomes
//   points = A g A^T,    A = [ 1  0  0  0 ]
//                            [ 1  1  1  1 ]
//                            [ 1 -1  1 -1 ]
//                            [ 1  2  4  8 ]
//                            [ 1 -2  4 -8 ]
//                            [ 0  0  0  1 ]
// (the transpose of the output's transform: what a bilinear algorithm's gradient takes.) Gradient NHWC, 0 outside; points
// [36][tiles][channels], written with `=`, every element once. One invocation transforms a tile of one channel: up to 16 loads, 36
// stores; neighbours have the next channels. Moves at most 4 * 52 bytes a channel and tile.
const WORKGROUP: u32 = 64u;

struct Params {
  tiles: u32,
  tilesY: u32,
  tilesX: u32,
  outputHeight: u32,
  outputWidth: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> points: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

// A times a column (or row) of four.
fn transform(g0: f32, g1: f32, g2: f32, g3: f32) -> array<f32, 6> {
  let even = g0 + g2;
  let odd = g1 + g3;
  let wideEven = g0 + 4.0 * g2;
  let wideOdd = 2.0 * g1 + 8.0 * g3;
  return array<f32, 6>(g0, even + odd, even - odd, wideEven + wideOdd, wideEven - wideOdd, g3);
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
  let n = tile / params.tilesX / params.tilesY;
  let top = tile / params.tilesX % params.tilesY * 4u;
  let left = tile % params.tilesX * 4u;
  // By rows first: each becomes a row of g A^T.
  var rows: array<array<f32, 6>, 4>;
  for (var i = 0u; i < 4u; i++) {
    let start = (n * params.outputHeight + top + i) * params.outputWidth + left;
    let insideY = top + i < params.outputHeight;
    var g: array<f32, 4>;
    for (var j = 0u; j < 4u; j++) {
      let inside = insideY && left + j < params.outputWidth;
      g[j] = select(0.0, gradient[select(0u, (start + j) * params.channels + channel, inside)], inside);
    }
    rows[i] = transform(g[0], g[1], g[2], g[3]);
  }
  let step = params.tiles * params.channels;
  for (var j = 0u; j < 6u; j++) {
    let column = transform(rows[0][j], rows[1][j], rows[2][j], rows[3][j]);
    for (var i = 0u; i < 6u; i++) {
      points[(i * 6u + j) * step + index] = column[i];
    }
  }
}
