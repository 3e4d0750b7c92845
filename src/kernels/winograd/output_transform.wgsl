// Winograd F(4x4,3x3), back to the image (Lavin and Gray 2016): the 6x6 products m of a tile become its 4x4 output pixels
//   output = A^T m A + bias,    A^T = [ 1  1  1  1  1  0 ]
//                                     [ 0  1 -1  2 -2  0 ]
//                                     [ 0  1  1  4  4  0 ]
//                                     [ 0  1 -1  8 -8  1 ]
// and with RELU = 1 max(output, 0), which leaves NaN alone. Products [36][tiles][channels]; output NHWC, written with `=`, every element once (tiles reach beyond the last row and column).
// One invocation computes a tile of one channel: 36 loads, up to 16 stores; neighbours have the next channels. Moves at most 4 * 52 bytes
// a channel and tile.
const WORKGROUP: u32 = 64u;
const RELU: u32 = 0u;

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

// A tile: its image's first row among all images' rows, its corner in the image, and its channel.
struct Place {
  image: u32,
  top: u32,
  left: u32,
  channel: u32,
}

// Row i of the products at an index within [tiles][channels], times A.
fn transformedRow(index: u32, i: u32) -> array<f32, 4> {
  let step = params.tiles * params.channels;
  let first = i * 6u * step + index;
  return transform(
    products[first],
    products[first + step],
    products[first + 2u * step],
    products[first + 3u * step],
    products[first + 4u * step],
    products[first + 5u * step],
  );
}

fn storePixel(place: Place, i: u32, j: u32, value: f32) {
  let y = place.top + i;
  let x = place.left + j;
  if (y < params.outputHeight && x < params.outputWidth) {
    let activated = select(value, 0.0, RELU == 1u && value < 0.0);
    output[((place.image + y) * params.outputWidth + x) * params.channels + place.channel] = activated;
  }
}

// Column j of the 4x4 pixels.
fn storeColumn(place: Place, j: u32, shift: f32, column: array<f32, 4>) {
  storePixel(place, 0u, j, column[0] + shift);
  storePixel(place, 1u, j, column[1] + shift);
  storePixel(place, 2u, j, column[2] + shift);
  storePixel(place, 3u, j, column[3] + shift);
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
  // By rows first: each becomes a row of m A. Written out: SwiftShader keeps arrays that loops index in memory.
  let r0 = transformedRow(index, 0u);
  let r1 = transformedRow(index, 1u);
  let r2 = transformedRow(index, 2u);
  let r3 = transformedRow(index, 3u);
  let r4 = transformedRow(index, 4u);
  let r5 = transformedRow(index, 5u);
  let n = tile / params.tilesX / params.tilesY;
  let top = tile / params.tilesX % params.tilesY * 4u;
  let left = tile % params.tilesX * 4u;
  let shift = select(0.0, bias[channel], params.hasBias == 1u);
  let place = Place(n * params.outputHeight, top, left, channel);
  storeColumn(place, 0u, shift, transform(r0[0], r1[0], r2[0], r3[0], r4[0], r5[0]));
  storeColumn(place, 1u, shift, transform(r0[1], r1[1], r2[1], r3[1], r4[1], r5[1]));
  storeColumn(place, 2u, shift, transform(r0[2], r1[2], r2[2], r3[2], r4[2], r5[2]));
  storeColumn(place, 3u, shift, transform(r0[3], r1[3], r2[3], r3[3], r4[3], r5[3]));
}
