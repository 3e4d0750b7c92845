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

// A tile: its image's first row among all images' rows, its corner in the image, and its channel.
struct Place {
  image: u32,
  top: u32,
  left: u32,
  channel: u32,
}

// A pixel of a row that begins at `start`; 0 where it is outside.
fn pixel(start: u32, x: u32, insideY: bool, channel: u32) -> f32 {
  let inside = insideY && x < params.outputWidth;
  return select(0.0, gradient[select(0u, (start + x) * params.channels + channel, inside)], inside);
}

// Row i of a tile, times A^T.
fn transformedRow(place: Place, i: u32) -> array<f32, 6> {
  let y = place.top + i;
  let insideY = y < params.outputHeight;
  let start = (place.image + y) * params.outputWidth;
  return transform(
    pixel(start, place.left, insideY, place.channel),
    pixel(start, place.left + 1u, insideY, place.channel),
    pixel(start, place.left + 2u, insideY, place.channel),
    pixel(start, place.left + 3u, insideY, place.channel),
  );
}

// Column j of the 6x6 points.
fn storeColumn(j: u32, index: u32, column: array<f32, 6>) {
  let step = params.tiles * params.channels;
  points[j * step + index] = column[0];
  points[(6u + j) * step + index] = column[1];
  points[(12u + j) * step + index] = column[2];
  points[(18u + j) * step + index] = column[3];
  points[(24u + j) * step + index] = column[4];
  points[(30u + j) * step + index] = column[5];
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
  // By rows first: each becomes a row of g A^T. Written out: SwiftShader keeps arrays that loops index in memory.
  let place = Place(n * params.outputHeight, top, left, channel);
  let r0 = transformedRow(place, 0u);
  let r1 = transformedRow(place, 1u);
  let r2 = transformedRow(place, 2u);
  let r3 = transformedRow(place, 3u);
  storeColumn(0u, index, transform(r0[0], r1[0], r2[0], r3[0]));
  storeColumn(1u, index, transform(r0[1], r1[1], r2[1], r3[1]));
  storeColumn(2u, index, transform(r0[2], r1[2], r2[2], r3[2]));
  storeColumn(3u, index, transform(r0[3], r1[3], r2[3], r3[3]));
  storeColumn(4u, index, transform(r0[4], r1[4], r2[4], r3[4]));
  storeColumn(5u, index, transform(r0[5], r1[5], r2[5], r3[5]));
}
