// Winograd F(4x4,3x3), the image's side (Lavin and Gray 2016, arXiv 1509.09308): each tile of 6x6 input pixels d becomes
//   points = B^T d B,    B^T = [ 4  0 -5  0  1  0 ]
//                              [ 0 -4 -4  1  1  0 ]
//                              [ 0  4 -4 -1  1  0 ]
//                              [ 0 -2 -1  2  1  0 ]
//                              [ 0  2 -1 -2  1  0 ]
//                              [ 0  4  0 -5  0  1 ]
// Tiles lie 4 pixels apart and begin `padTop` rows above and `padLeft` columns left of the image; outside of it is 0.
// Input NHWC; points [36][tiles][channels], tiles in the order n, y, x; written with `=`, every element once. One invocation transforms a
// tile of one channel, 36 loads and stores; neighbours have the next channels. By vec4s it would be no faster on lavapipe, and take
// four times as long to compile. Moves 4 * 72 bytes a channel and tile.
const WORKGROUP: u32 = 64u;

struct Params {
  tiles: u32,
  tilesY: u32,
  tilesX: u32,
  inputHeight: u32,
  inputWidth: u32,
  channels: u32,
  padTop: i32,
  padLeft: i32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> points: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

// B^T times a column (or row) of six.
fn transform(
  d0: f32,
  d1: f32,
  d2: f32,
  d3: f32,
  d4: f32,
  d5: f32,
) -> array<f32, 6> {
  let even = d4 - 4.0 * d2;
  let odd = d3 - 4.0 * d1;
  let outer = d4 - d2;
  let inner = 2.0 * (d3 - d1);
  return array<f32, 6>(
    4.0 * d0 - 5.0 * d2 + d4,
    even + odd,
    even - odd,
    outer + inner,
    outer - inner,
    4.0 * d1 - 5.0 * d3 + d5,
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
  let n = tile / params.tilesX / params.tilesY;
  let top = i32(tile / params.tilesX % params.tilesY * 4u) - params.padTop;
  let left = i32(tile % params.tilesX * 4u) - params.padLeft;

  // By rows first: each becomes a row of d B.
  var rows: array<array<f32, 6>, 6>;
  for (var i = 0; i < 6; i++) {
    let y = top + i;
    let insideY = y >= 0 && y < i32(params.inputHeight);
    let start = (n * params.inputHeight + u32(y)) * params.inputWidth;
    var d: array<f32, 6>;
    for (var j = 0; j < 6; j++) {
      let x = left + j;
      let inside = insideY && x >= 0 && x < i32(params.inputWidth);
      // Outside, the address may be any: the value is not taken.
      d[j] = select(0.0, input[select(0u, (start + u32(x)) * params.channels + channel, inside)], inside);
    }
    rows[i] = transform(d[0], d[1], d[2], d[3], d[4], d[5]);
  }
  let step = params.tiles * params.channels;
  for (var j = 0u; j < 6u; j++) {
    let column = transform(rows[0][j], rows[1][j], rows[2][j], rows[3][j], rows[4][j], rows[5][j]);
    for (var i = 0u; i < 6u; i++) {
      points[(i * 6u + j) * step + index] = column[i];
    }
  }
}
