// Product of gathered images with an output gradient, summed over pixels, for subgroups of a known size.
//   output[split, (ky,kx,c), column] = sum over the split's output pixels p = (n,i,j) of
//       input[n, i * strideY - padTop + ky * dilationY, j * strideX - padLeft + kx * dilationX, c] * gradient[p, column]
// where input outside the image is 0: the gradient of a convolution's weights, in parts that matmul/sum_parts adds in order.
// Input NHWC; gradient [pixels][columns]; output [splits][rows][columns], written with `=`. `columns` is a multiple of 4.
//
// One workgroup is one subgroup. Its lanes form GROUPS groups of ACROSS lanes; a group computes ROWS rows x 8 * ACROSS
// columns, and each of its lanes keeps 8 columns of all its rows in registers. In each step every lane loads the
// gradients of two pixels for its columns and the two values of each of its ROWS / ACROSS own rows, and subgroupShuffle
// hands these round the group:
// 16 + 2 * ROWS / ACROSS numbers feed 16 * ROWS multiply-adds a lane, because loads are what software adapters are slowest at.
// Written out, without loops over registers: SwiftShader keeps only such variables out of memory. Two pixels a step, row by row:
// with one or four Mesa's code is slower. Narrow products take a small ACROSS, so that no column idles.
// Flops: 2 * rows * columns * pixels.
enable subgroups;

const SUBGROUP: u32 = 8u;
const ACROSS: u32 = 8u;
const GROUPS = SUBGROUP / ACROSS;
const ROWS = 16u;
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
  var row: array<Row, 8>;
  row[0] = rowAt(ownRow + 0u * ACROSS);
  if (BLOCKS > 1u) { row[1] = rowAt(ownRow + 1u * ACROSS); }
  if (BLOCKS > 2u) { row[2] = rowAt(ownRow + 2u * ACROSS); }
  if (BLOCKS > 3u) { row[3] = rowAt(ownRow + 3u * ACROSS); }
  if (BLOCKS > 4u) { row[4] = rowAt(ownRow + 4u * ACROSS); }
  if (BLOCKS > 5u) { row[5] = rowAt(ownRow + 5u * ACROSS); }
  if (BLOCKS > 6u) { row[6] = rowAt(ownRow + 6u * ACROSS); }
  if (BLOCKS > 7u) { row[7] = rowAt(ownRow + 7u * ACROSS); }

  var start: array<vec2<u32>, 8>;
  var a: array<vec2<f32>, 8>;
  var c: array<vec4<f32>, 2u * ROWS>;
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
      c[0] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[0]));
      c[1] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[1]));
      x = subgroupShuffle(a[1u / ACROSS], home + 1u % ACROSS);
      c[2] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[2]));
      c[3] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[3]));
      x = subgroupShuffle(a[2u / ACROSS], home + 2u % ACROSS);
      c[4] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[4]));
      c[5] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[5]));
      x = subgroupShuffle(a[3u / ACROSS], home + 3u % ACROSS);
      c[6] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[6]));
      c[7] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[7]));
      x = subgroupShuffle(a[4u / ACROSS], home + 4u % ACROSS);
      c[8] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[8]));
      c[9] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[9]));
      x = subgroupShuffle(a[5u / ACROSS], home + 5u % ACROSS);
      c[10] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[10]));
      c[11] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[11]));
      x = subgroupShuffle(a[6u / ACROSS], home + 6u % ACROSS);
      c[12] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[12]));
      c[13] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[13]));
      x = subgroupShuffle(a[7u / ACROSS], home + 7u % ACROSS);
      c[14] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[14]));
      c[15] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[15]));
      x = subgroupShuffle(a[8u / ACROSS], home + 8u % ACROSS);
      c[16] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[16]));
      c[17] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[17]));
      x = subgroupShuffle(a[9u / ACROSS], home + 9u % ACROSS);
      c[18] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[18]));
      c[19] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[19]));
      x = subgroupShuffle(a[10u / ACROSS], home + 10u % ACROSS);
      c[20] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[20]));
      c[21] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[21]));
      x = subgroupShuffle(a[11u / ACROSS], home + 11u % ACROSS);
      c[22] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[22]));
      c[23] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[23]));
      x = subgroupShuffle(a[12u / ACROSS], home + 12u % ACROSS);
      c[24] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[24]));
      c[25] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[25]));
      x = subgroupShuffle(a[13u / ACROSS], home + 13u % ACROSS);
      c[26] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[26]));
      c[27] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[27]));
      x = subgroupShuffle(a[14u / ACROSS], home + 14u % ACROSS);
      c[28] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[28]));
      c[29] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[29]));
      x = subgroupShuffle(a[15u / ACROSS], home + 15u % ACROSS);
      c[30] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[30]));
      c[31] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[31]));
    }
    pixel += count;
  }

  let resultRow = split * params.rows + firstRow;
  if (firstRow + 0u < params.rows) {
    if (column0 < width) { output[(resultRow + 0u) * width + column0] = c[0]; }
    if (column1 < width) { output[(resultRow + 0u) * width + column1] = c[1]; }
  }
  if (firstRow + 1u < params.rows) {
    if (column0 < width) { output[(resultRow + 1u) * width + column0] = c[2]; }
    if (column1 < width) { output[(resultRow + 1u) * width + column1] = c[3]; }
  }
  if (firstRow + 2u < params.rows) {
    if (column0 < width) { output[(resultRow + 2u) * width + column0] = c[4]; }
    if (column1 < width) { output[(resultRow + 2u) * width + column1] = c[5]; }
  }
  if (firstRow + 3u < params.rows) {
    if (column0 < width) { output[(resultRow + 3u) * width + column0] = c[6]; }
    if (column1 < width) { output[(resultRow + 3u) * width + column1] = c[7]; }
  }
  if (firstRow + 4u < params.rows) {
    if (column0 < width) { output[(resultRow + 4u) * width + column0] = c[8]; }
    if (column1 < width) { output[(resultRow + 4u) * width + column1] = c[9]; }
  }
  if (firstRow + 5u < params.rows) {
    if (column0 < width) { output[(resultRow + 5u) * width + column0] = c[10]; }
    if (column1 < width) { output[(resultRow + 5u) * width + column1] = c[11]; }
  }
  if (firstRow + 6u < params.rows) {
    if (column0 < width) { output[(resultRow + 6u) * width + column0] = c[12]; }
    if (column1 < width) { output[(resultRow + 6u) * width + column1] = c[13]; }
  }
  if (firstRow + 7u < params.rows) {
    if (column0 < width) { output[(resultRow + 7u) * width + column0] = c[14]; }
    if (column1 < width) { output[(resultRow + 7u) * width + column1] = c[15]; }
  }
  if (firstRow + 8u < params.rows) {
    if (column0 < width) { output[(resultRow + 8u) * width + column0] = c[16]; }
    if (column1 < width) { output[(resultRow + 8u) * width + column1] = c[17]; }
  }
  if (firstRow + 9u < params.rows) {
    if (column0 < width) { output[(resultRow + 9u) * width + column0] = c[18]; }
    if (column1 < width) { output[(resultRow + 9u) * width + column1] = c[19]; }
  }
  if (firstRow + 10u < params.rows) {
    if (column0 < width) { output[(resultRow + 10u) * width + column0] = c[20]; }
    if (column1 < width) { output[(resultRow + 10u) * width + column1] = c[21]; }
  }
  if (firstRow + 11u < params.rows) {
    if (column0 < width) { output[(resultRow + 11u) * width + column0] = c[22]; }
    if (column1 < width) { output[(resultRow + 11u) * width + column1] = c[23]; }
  }
  if (firstRow + 12u < params.rows) {
    if (column0 < width) { output[(resultRow + 12u) * width + column0] = c[24]; }
    if (column1 < width) { output[(resultRow + 12u) * width + column1] = c[25]; }
  }
  if (firstRow + 13u < params.rows) {
    if (column0 < width) { output[(resultRow + 13u) * width + column0] = c[26]; }
    if (column1 < width) { output[(resultRow + 13u) * width + column1] = c[27]; }
  }
  if (firstRow + 14u < params.rows) {
    if (column0 < width) { output[(resultRow + 14u) * width + column0] = c[28]; }
    if (column1 < width) { output[(resultRow + 14u) * width + column1] = c[29]; }
  }
  if (firstRow + 15u < params.rows) {
    if (column0 < width) { output[(resultRow + 15u) * width + column0] = c[30]; }
    if (column1 < width) { output[(resultRow + 15u) * width + column1] = c[31]; }
  }
}
