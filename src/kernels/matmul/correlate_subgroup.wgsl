// Product of gathered images with an output gradient, summed over pixels, for subgroups of a known size.
//   output[split, (ky,kx,c), column] = sum over the split's output pixels p = (n,i,j) of
//       input[n, i * strideY - padTop + ky * dilationY, j * strideX - padLeft + kx * dilationX, c] * gradient[p, column]
// where input outside the image is 0: the gradient of a convolution's weights, in parts that matmul/sum adds in a fixed order.
// Input NHWC; gradient [pixels][columns]; output [splits][rows][columns], written with `=`. `columns` is a multiple of 4.
//
// One workgroup is one subgroup. Its lanes form GROUPS groups of ACROSS lanes; a group computes ROWS rows x 8 * ACROSS
// columns, and each of its lanes keeps 8 columns of all its rows in registers. In each step every lane loads the
// gradients of two pixels for its columns and the two values of each of its ROWS / ACROSS own rows, and subgroupShuffle
// hands these round the group:
// 16 + 2 * ROWS / ACROSS numbers feed 16 * ROWS multiply-adds a lane, because loads are what software adapters are slowest at: with 32
// rows lavapipe is 20 to 25 % faster than with 16, and compiles a second longer.
// Written out, without loops over registers: SwiftShader keeps only such variables out of memory. Two pixels a step, row by row:
// with one or four Mesa's code is slower. Narrow products take a small ACROSS, so that no column idles.
// Flops: 2 * rows * columns * pixels.
enable subgroups;

const SUBGROUP: u32 = 8u;
const ACROSS: u32 = 8u;
const_assert ACROSS <= 8u;
const GROUPS = SUBGROUP / ACROSS;
// Rows of a group: 16 or 32.
const ROWS: u32 = 16u;
const BLOCKS = ROWS / ACROSS;
// An element position that is outside every image row.
const OUTSIDE = 0x80000000u;

struct Params {
  // rows = kernel height * kernel width * channels.
  rows: u32,
  columns: u32,
  rowTiles: u32,
  columnTiles: u32,
  // Output pixels in all, and in one split.
  pixels: u32,
  splitPixels: u32,
  splits: u32,
  outputHeight: u32,
  outputWidth: u32,
  inputHeight: u32,
  inputWidth: u32,
  channels: u32,
  kernelWidth: u32,
  strideY: i32,
  strideX: i32,
  padTop: i32,
  padLeft: i32,
  dilationY: i32,
  dilationX: i32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

// What a row of the product reads: the shift of its tap, in image rows and in elements along them.
struct Row {
  y: i32,
  element: i32,
}

fn rowAt(number: u32) -> Row {
  let inside = min(number, params.rows - 1u);
  let channel = inside % params.channels;
  let kx = inside / params.channels % params.kernelWidth;
  let ky = inside / params.channels / params.kernelWidth;
  let x = i32(kx) * params.dilationX - params.padLeft;
  return Row(
    i32(ky) * params.dilationY - params.padTop,
    x * i32(params.channels) + i32(channel),
  );
}

// Start of the image row that output row i of image n reads, and the element in it for output column j: OUTSIDE where the
// image row is.
fn runStart(row: Row, n: u32, i: u32, j: u32) -> vec2<u32> {
  let y = i32(i) * params.strideY + row.y;
  let valid = y >= 0 && y < i32(params.inputHeight);
  let start = (n * params.inputHeight + u32(y)) * params.inputWidth * params.channels;
  let element = u32(row.element + i32(j) * params.strideX * i32(params.channels));
  return select(vec2<u32>(0u, OUTSIDE), vec2<u32>(start, element), valid);
}

// The values at two neighbouring output columns, `offset` elements into the run; the second is 0 where there is none.
fn pair(start: vec2<u32>, offset: u32, stride: u32, second: bool) -> vec2<f32> {
  let element = start.y + offset;
  let width = params.inputWidth * params.channels;
  return vec2<f32>(
    select(0.0, input[start.x + element], element < width),
    select(0.0, input[start.x + element + stride], second && element + stride < width),
  );
}

// Two pixels of a row times those of four columns.
fn multiplyAdd(x: vec2<f32>, upper: vec4<f32>, lower: vec4<f32>, sum: vec4<f32>) -> vec4<f32> {
  return fma(vec4<f32>(x.y), lower, fma(vec4<f32>(x.x), upper, sum));
}

// A lane's eight columns of a row, as vec4s ACROSS apart. `start` is the split's first row.
fn store(start: u32, row: u32, column: u32, first: vec4<f32>, second: vec4<f32>) {
  let width = params.columns / 4u;
  if (row < params.rows) {
    if (column < width) { output[(start + row) * width + column] = first; }
    if (column + ACROSS < width) { output[(start + row) * width + column + ACROSS] = second; }
  }
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = group.x + group.y * groups.x;
  let split = tile / params.columnTiles / params.rowTiles;
  if (split >= params.splits) {
    return;
  }
  let tileRow = tile / params.columnTiles % params.rowTiles * (GROUPS * ROWS);
  // Columns in vec4s. Those past the end read the last ones and are not stored.
  let width = params.columns / 4u;
  let member = lane % ACROSS;
  let home = lane - member;
  let column0 = tile % params.columnTiles * (2u * ACROSS) + member;
  let column1 = column0 + ACROSS;
  let gradient0 = min(column0, width - 1u);
  let gradient1 = min(column1, width - 1u);
  // A lane's own rows are ACROSS apart.
  let firstRow = tileRow + lane / ACROSS * ROWS;
  let ownRow = firstRow + member;
  var row: array<Row, 16>;
  row[0] = rowAt(ownRow + 0u * ACROSS);
  if (BLOCKS > 1u) { row[1] = rowAt(ownRow + 1u * ACROSS); }
  if (BLOCKS > 2u) { row[2] = rowAt(ownRow + 2u * ACROSS); }
  if (BLOCKS > 3u) { row[3] = rowAt(ownRow + 3u * ACROSS); }
  if (BLOCKS > 4u) { row[4] = rowAt(ownRow + 4u * ACROSS); }
  if (BLOCKS > 5u) { row[5] = rowAt(ownRow + 5u * ACROSS); }
  if (BLOCKS > 6u) { row[6] = rowAt(ownRow + 6u * ACROSS); }
  if (BLOCKS > 7u) { row[7] = rowAt(ownRow + 7u * ACROSS); }
  if (BLOCKS > 8u) { row[8] = rowAt(ownRow + 8u * ACROSS); }
  if (BLOCKS > 9u) { row[9] = rowAt(ownRow + 9u * ACROSS); }
  if (BLOCKS > 10u) { row[10] = rowAt(ownRow + 10u * ACROSS); }
  if (BLOCKS > 11u) { row[11] = rowAt(ownRow + 11u * ACROSS); }
  if (BLOCKS > 12u) { row[12] = rowAt(ownRow + 12u * ACROSS); }
  if (BLOCKS > 13u) { row[13] = rowAt(ownRow + 13u * ACROSS); }
  if (BLOCKS > 14u) { row[14] = rowAt(ownRow + 14u * ACROSS); }
  if (BLOCKS > 15u) { row[15] = rowAt(ownRow + 15u * ACROSS); }

  var start: array<vec2<u32>, 16>;
  var a: array<vec2<f32>, 16>;
  var c: array<vec4<f32>, 64>;
  let stride = u32(params.strideX) * params.channels;
  let last = min((split + 1u) * params.splitPixels, params.pixels);
  var pixel = split * params.splitPixels;
  while (pixel < last) {
    // The part of one output row that belongs to the split.
    let j = pixel % params.outputWidth;
    let i = pixel / params.outputWidth % params.outputHeight;
    let n = pixel / params.outputWidth / params.outputHeight;
    let count = min(params.outputWidth - j, last - pixel);
    start[0] = runStart(row[0], n, i, j);
    if (BLOCKS > 1u) { start[1] = runStart(row[1], n, i, j); }
    if (BLOCKS > 2u) { start[2] = runStart(row[2], n, i, j); }
    if (BLOCKS > 3u) { start[3] = runStart(row[3], n, i, j); }
    if (BLOCKS > 4u) { start[4] = runStart(row[4], n, i, j); }
    if (BLOCKS > 5u) { start[5] = runStart(row[5], n, i, j); }
    if (BLOCKS > 6u) { start[6] = runStart(row[6], n, i, j); }
    if (BLOCKS > 7u) { start[7] = runStart(row[7], n, i, j); }
    if (BLOCKS > 8u) { start[8] = runStart(row[8], n, i, j); }
    if (BLOCKS > 9u) { start[9] = runStart(row[9], n, i, j); }
    if (BLOCKS > 10u) { start[10] = runStart(row[10], n, i, j); }
    if (BLOCKS > 11u) { start[11] = runStart(row[11], n, i, j); }
    if (BLOCKS > 12u) { start[12] = runStart(row[12], n, i, j); }
    if (BLOCKS > 13u) { start[13] = runStart(row[13], n, i, j); }
    if (BLOCKS > 14u) { start[14] = runStart(row[14], n, i, j); }
    if (BLOCKS > 15u) { start[15] = runStart(row[15], n, i, j); }
    for (var first = 0u; first < count; first += 2u) {
      let second = first + 1u < count;
      let offset = first * stride;
      a[0] = pair(start[0], offset, stride, second);
      if (BLOCKS > 1u) { a[1] = pair(start[1], offset, stride, second); }
      if (BLOCKS > 2u) { a[2] = pair(start[2], offset, stride, second); }
      if (BLOCKS > 3u) { a[3] = pair(start[3], offset, stride, second); }
      if (BLOCKS > 4u) { a[4] = pair(start[4], offset, stride, second); }
      if (BLOCKS > 5u) { a[5] = pair(start[5], offset, stride, second); }
      if (BLOCKS > 6u) { a[6] = pair(start[6], offset, stride, second); }
      if (BLOCKS > 7u) { a[7] = pair(start[7], offset, stride, second); }
      if (BLOCKS > 8u) { a[8] = pair(start[8], offset, stride, second); }
      if (BLOCKS > 9u) { a[9] = pair(start[9], offset, stride, second); }
      if (BLOCKS > 10u) { a[10] = pair(start[10], offset, stride, second); }
      if (BLOCKS > 11u) { a[11] = pair(start[11], offset, stride, second); }
      if (BLOCKS > 12u) { a[12] = pair(start[12], offset, stride, second); }
      if (BLOCKS > 13u) { a[13] = pair(start[13], offset, stride, second); }
      if (BLOCKS > 14u) { a[14] = pair(start[14], offset, stride, second); }
      if (BLOCKS > 15u) { a[15] = pair(start[15], offset, stride, second); }
      let upper = (pixel + first) * width;
      // Without a second pixel: any finite numbers, to be multiplied by 0.
      let lower = select(upper, upper + width, second);
      let b = array<vec4<f32>, 4>(
        gradient[upper + gradient0],
        gradient[upper + gradient1],
        gradient[lower + gradient0],
        gradient[lower + gradient1],
      );
      var x: vec2<f32>;
      x = subgroupShuffle(a[0u / ACROSS], home + 0u % ACROSS);
      c[0] = multiplyAdd(x, b[0], b[2], c[0]);
      c[1] = multiplyAdd(x, b[1], b[3], c[1]);
      x = subgroupShuffle(a[1u / ACROSS], home + 1u % ACROSS);
      c[2] = multiplyAdd(x, b[0], b[2], c[2]);
      c[3] = multiplyAdd(x, b[1], b[3], c[3]);
      x = subgroupShuffle(a[2u / ACROSS], home + 2u % ACROSS);
      c[4] = multiplyAdd(x, b[0], b[2], c[4]);
      c[5] = multiplyAdd(x, b[1], b[3], c[5]);
      x = subgroupShuffle(a[3u / ACROSS], home + 3u % ACROSS);
      c[6] = multiplyAdd(x, b[0], b[2], c[6]);
      c[7] = multiplyAdd(x, b[1], b[3], c[7]);
      x = subgroupShuffle(a[4u / ACROSS], home + 4u % ACROSS);
      c[8] = multiplyAdd(x, b[0], b[2], c[8]);
      c[9] = multiplyAdd(x, b[1], b[3], c[9]);
      x = subgroupShuffle(a[5u / ACROSS], home + 5u % ACROSS);
      c[10] = multiplyAdd(x, b[0], b[2], c[10]);
      c[11] = multiplyAdd(x, b[1], b[3], c[11]);
      x = subgroupShuffle(a[6u / ACROSS], home + 6u % ACROSS);
      c[12] = multiplyAdd(x, b[0], b[2], c[12]);
      c[13] = multiplyAdd(x, b[1], b[3], c[13]);
      x = subgroupShuffle(a[7u / ACROSS], home + 7u % ACROSS);
      c[14] = multiplyAdd(x, b[0], b[2], c[14]);
      c[15] = multiplyAdd(x, b[1], b[3], c[15]);
      x = subgroupShuffle(a[8u / ACROSS], home + 8u % ACROSS);
      c[16] = multiplyAdd(x, b[0], b[2], c[16]);
      c[17] = multiplyAdd(x, b[1], b[3], c[17]);
      x = subgroupShuffle(a[9u / ACROSS], home + 9u % ACROSS);
      c[18] = multiplyAdd(x, b[0], b[2], c[18]);
      c[19] = multiplyAdd(x, b[1], b[3], c[19]);
      x = subgroupShuffle(a[10u / ACROSS], home + 10u % ACROSS);
      c[20] = multiplyAdd(x, b[0], b[2], c[20]);
      c[21] = multiplyAdd(x, b[1], b[3], c[21]);
      x = subgroupShuffle(a[11u / ACROSS], home + 11u % ACROSS);
      c[22] = multiplyAdd(x, b[0], b[2], c[22]);
      c[23] = multiplyAdd(x, b[1], b[3], c[23]);
      x = subgroupShuffle(a[12u / ACROSS], home + 12u % ACROSS);
      c[24] = multiplyAdd(x, b[0], b[2], c[24]);
      c[25] = multiplyAdd(x, b[1], b[3], c[25]);
      x = subgroupShuffle(a[13u / ACROSS], home + 13u % ACROSS);
      c[26] = multiplyAdd(x, b[0], b[2], c[26]);
      c[27] = multiplyAdd(x, b[1], b[3], c[27]);
      x = subgroupShuffle(a[14u / ACROSS], home + 14u % ACROSS);
      c[28] = multiplyAdd(x, b[0], b[2], c[28]);
      c[29] = multiplyAdd(x, b[1], b[3], c[29]);
      x = subgroupShuffle(a[15u / ACROSS], home + 15u % ACROSS);
      c[30] = multiplyAdd(x, b[0], b[2], c[30]);
      c[31] = multiplyAdd(x, b[1], b[3], c[31]);
      if (ROWS > 16u) {
        x = subgroupShuffle(a[16u / ACROSS], home + 16u % ACROSS);
        c[32] = multiplyAdd(x, b[0], b[2], c[32]);
        c[33] = multiplyAdd(x, b[1], b[3], c[33]);
        x = subgroupShuffle(a[17u / ACROSS], home + 17u % ACROSS);
        c[34] = multiplyAdd(x, b[0], b[2], c[34]);
        c[35] = multiplyAdd(x, b[1], b[3], c[35]);
        x = subgroupShuffle(a[18u / ACROSS], home + 18u % ACROSS);
        c[36] = multiplyAdd(x, b[0], b[2], c[36]);
        c[37] = multiplyAdd(x, b[1], b[3], c[37]);
        x = subgroupShuffle(a[19u / ACROSS], home + 19u % ACROSS);
        c[38] = multiplyAdd(x, b[0], b[2], c[38]);
        c[39] = multiplyAdd(x, b[1], b[3], c[39]);
        x = subgroupShuffle(a[20u / ACROSS], home + 20u % ACROSS);
        c[40] = multiplyAdd(x, b[0], b[2], c[40]);
        c[41] = multiplyAdd(x, b[1], b[3], c[41]);
        x = subgroupShuffle(a[21u / ACROSS], home + 21u % ACROSS);
        c[42] = multiplyAdd(x, b[0], b[2], c[42]);
        c[43] = multiplyAdd(x, b[1], b[3], c[43]);
        x = subgroupShuffle(a[22u / ACROSS], home + 22u % ACROSS);
        c[44] = multiplyAdd(x, b[0], b[2], c[44]);
        c[45] = multiplyAdd(x, b[1], b[3], c[45]);
        x = subgroupShuffle(a[23u / ACROSS], home + 23u % ACROSS);
        c[46] = multiplyAdd(x, b[0], b[2], c[46]);
        c[47] = multiplyAdd(x, b[1], b[3], c[47]);
        x = subgroupShuffle(a[24u / ACROSS], home + 24u % ACROSS);
        c[48] = multiplyAdd(x, b[0], b[2], c[48]);
        c[49] = multiplyAdd(x, b[1], b[3], c[49]);
        x = subgroupShuffle(a[25u / ACROSS], home + 25u % ACROSS);
        c[50] = multiplyAdd(x, b[0], b[2], c[50]);
        c[51] = multiplyAdd(x, b[1], b[3], c[51]);
        x = subgroupShuffle(a[26u / ACROSS], home + 26u % ACROSS);
        c[52] = multiplyAdd(x, b[0], b[2], c[52]);
        c[53] = multiplyAdd(x, b[1], b[3], c[53]);
        x = subgroupShuffle(a[27u / ACROSS], home + 27u % ACROSS);
        c[54] = multiplyAdd(x, b[0], b[2], c[54]);
        c[55] = multiplyAdd(x, b[1], b[3], c[55]);
        x = subgroupShuffle(a[28u / ACROSS], home + 28u % ACROSS);
        c[56] = multiplyAdd(x, b[0], b[2], c[56]);
        c[57] = multiplyAdd(x, b[1], b[3], c[57]);
        x = subgroupShuffle(a[29u / ACROSS], home + 29u % ACROSS);
        c[58] = multiplyAdd(x, b[0], b[2], c[58]);
        c[59] = multiplyAdd(x, b[1], b[3], c[59]);
        x = subgroupShuffle(a[30u / ACROSS], home + 30u % ACROSS);
        c[60] = multiplyAdd(x, b[0], b[2], c[60]);
        c[61] = multiplyAdd(x, b[1], b[3], c[61]);
        x = subgroupShuffle(a[31u / ACROSS], home + 31u % ACROSS);
        c[62] = multiplyAdd(x, b[0], b[2], c[62]);
        c[63] = multiplyAdd(x, b[1], b[3], c[63]);
      }
    }
    pixel += count;
  }

  let resultRow = split * params.rows;
  // Eight rows a round, the others moving up: Mesa compiles each store written out for 20 ms. The bound is ROWS, which it must not
  // know, or it would write the rounds out itself.
  for (var done = 0u; done < ROWS * min(params.splits, 1u); done += 8u) {
    store(resultRow, firstRow + done + 0u, column0, c[0], c[1]);
    store(resultRow, firstRow + done + 1u, column0, c[2], c[3]);
    store(resultRow, firstRow + done + 2u, column0, c[4], c[5]);
    store(resultRow, firstRow + done + 3u, column0, c[6], c[7]);
    store(resultRow, firstRow + done + 4u, column0, c[8], c[9]);
    store(resultRow, firstRow + done + 5u, column0, c[10], c[11]);
    store(resultRow, firstRow + done + 6u, column0, c[12], c[13]);
    store(resultRow, firstRow + done + 7u, column0, c[14], c[15]);
    c[0] = c[16];
    c[1] = c[17];
    c[2] = c[18];
    c[3] = c[19];
    c[4] = c[20];
    c[5] = c[21];
    c[6] = c[22];
    c[7] = c[23];
    c[8] = c[24];
    c[9] = c[25];
    c[10] = c[26];
    c[11] = c[27];
    c[12] = c[28];
    c[13] = c[29];
    c[14] = c[30];
    c[15] = c[31];
    if (ROWS > 16u) {
      c[16] = c[32];
      c[17] = c[33];
      c[18] = c[34];
      c[19] = c[35];
      c[20] = c[36];
      c[21] = c[37];
      c[22] = c[38];
      c[23] = c[39];
      c[24] = c[40];
      c[25] = c[41];
      c[26] = c[42];
      c[27] = c[43];
      c[28] = c[44];
      c[29] = c[45];
      c[30] = c[46];
      c[31] = c[47];
      c[32] = c[48];
      c[33] = c[49];
      c[34] = c[50];
      c[35] = c[51];
      c[36] = c[52];
      c[37] = c[53];
      c[38] = c[54];
      c[39] = c[55];
      c[40] = c[56];
      c[41] = c[57];
      c[42] = c[58];
      c[43] = c[59];
      c[44] = c[60];
      c[45] = c[61];
      c[46] = c[62];
      c[47] = c[63];
    }
  }
}
