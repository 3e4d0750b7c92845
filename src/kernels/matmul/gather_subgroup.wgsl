// Matrix product whose left matrix is gathered from images, for subgroups of a known size.
//   output[row(n,i,j), column] = act(bias[column] + sum over taps (ty,tx) and t < run of
//                                input[n, y, x0 + t / channels, t % channels] * weight[weightRow(ty,tx) + t, column])
//   act is the identity, or with RELU = 1 max(., 0), which leaves NaN alone.
//   y  = i * scaleY + offsetY + ty * tapStepY,    x0 = j * scaleX + offsetX + tx * tapStepX;    outside the image: 0.
// With taps (kernel height, 1) and run = kernel width * channels this is a convolution, and with the weights transposed
// the gradient of its input; with one tap it is a plain matrix product. (matmul/gather.ts fills in the parameters.)
// Several products of one shape are computed at once where `matrices` > 1: each has its own images, one behind the other, and
// its own weights, `matrixWeights` rows behind those of the one before.
// Input NHWC; weight [weight rows][columns]; output NHWC, written with `=`, every element of the launch's grid once.
// `columns` is a multiple of 4.
//
// One workgroup is one subgroup. Its lanes form GROUPS groups of ACROSS lanes; a group computes ROWS rows x 8 * ACROSS
// columns, and each of its lanes keeps 8 columns of all its rows in registers. In each step every lane loads the
// weights of two terms for its columns and the two values of each of its ROWS / ACROSS own rows, and subgroupShuffle
// hands these round the group:
// 16 + 2 * ROWS / ACROSS numbers feed 16 * ROWS multiply-adds a lane, because loads are what software adapters are slowest at: with 32
// rows lavapipe is 15 to 25 % faster than with 16, and compiles a second longer.
// Written out, without loops over registers: SwiftShader keeps only such variables out of memory. Two terms a step, row by row:
// with one or four Mesa's code is slower. Narrow products take a small ACROSS, so that no column idles.
// Flops: 2 * rows * columns * terms.
enable subgroups;

const SUBGROUP: u32 = 8u;
const ACROSS: u32 = 8u;
const_assert ACROSS <= 8u;
// 1 when `channels` is odd: then pairs of terms may start between two vec2s, and reach into padding or past the run's end.
const ODD: u32 = 0u;
const RELU: u32 = 0u;
const GROUPS = SUBGROUP / ACROSS;
// Rows of a group: 16 or 32.
const ROWS: u32 = 16u;
const BLOCKS = ROWS / ACROSS;
// An element position that is outside every image row.
const OUTSIDE = 0x80000000u;
const NOWHERE = 0xffffffffu;

struct Params {
  // The product: rows x columns, `run` terms a tap.
  rows: u32,
  columns: u32,
  columnTiles: u32,
  run: u32,
  // Products of this shape: each has images and weight rows of its own, and `matrixTiles` tiles.
  matrices: u32,
  matrixTiles: u32,
  matrixWeights: u32,
  tapRows: u32,
  tapColumns: u32,
  // The grid of output pixels that this launch computes, and where they lie in the output.
  gridHeight: u32,
  gridWidth: u32,
  outputHeight: u32,
  outputWidth: u32,
  firstY: u32,
  firstX: u32,
  spacingY: u32,
  spacingX: u32,
  // Which input pixel a grid pixel and a tap read: y = i * scaleY + offsetY + ty * tapStepY, x alike.
  inputHeight: u32,
  inputWidth: u32,
  channels: u32,
  scaleY: i32,
  scaleX: i32,
  offsetY: i32,
  offsetX: i32,
  tapStepY: i32,
  tapStepX: i32,
  // First weight row of a tap: weightFirst + ty * weightStepY + tx * weightStepX, and its matrix.
  weightFirst: u32,
  weightStepY: u32,
  weightStepX: u32,
  hasBias: u32,
}

@group(0) @binding(0) var<storage, read> input: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> params: Params;

// A row of the product: where it reads and writes.
struct Row {
  y: i32,
  x: i32,
  image: u32,
  place: u32,
}

fn rowAt(number: u32, matrix: u32) -> Row {
  let inside = min(number, params.rows - 1u);
  let j = inside % params.gridWidth;
  let i = inside / params.gridWidth % params.gridHeight;
  let images = params.rows / params.gridWidth / params.gridHeight;
  let n = inside / params.gridWidth / params.gridHeight + matrix * images;
  let y = i * params.spacingY + params.firstY;
  let x = j * params.spacingX + params.firstX;
  let place = (n * params.outputHeight + y) * params.outputWidth + x;
  return Row(
    i32(i) * params.scaleY + params.offsetY,
    i32(j) * params.scaleX + params.offsetX,
    n * params.inputHeight,
    select(NOWHERE, place, number < params.rows),
  );
}

// Start of the image row that a tap reads, and the element in it: OUTSIDE where the image row is.
fn runStart(row: Row, ty: u32, tx: u32) -> vec2<u32> {
  let y = row.y + i32(ty) * params.tapStepY;
  let x = row.x + i32(tx) * params.tapStepX;
  let valid = y >= 0 && y < i32(params.inputHeight);
  let start = (row.image + u32(y)) * params.inputWidth * params.channels;
  return select(vec2<u32>(0u, OUTSIDE), vec2<u32>(start, u32(x * i32(params.channels))), valid);
}

// Two neighbouring terms of a run.
fn pair(start: vec2<u32>, term: u32) -> vec2<f32> {
  let element = start.y + term;
  let width = params.inputWidth * params.channels;
  let place = start.x + element;
  if (ODD == 0u) {
    return select(vec2<f32>(0.0), input[place / 2u], element < width);
  }
  let low = input[place / 2u];
  let high = input[(place + 1u) / 2u];
  let odd = place % 2u == 1u;
  return vec2<f32>(
    select(0.0, select(low.x, low.y, odd), element < width),
    select(0.0, select(low.y, high.x, odd), element + 1u < width && term + 1u < params.run),
  );
}

// Two terms of a row times those of four columns.
fn multiplyAdd(x: vec2<f32>, upper: vec4<f32>, lower: vec4<f32>, sum: vec4<f32>) -> vec4<f32> {
  return fma(vec4<f32>(x.y), lower, fma(vec4<f32>(x.x), upper, sum));
}

// A lane's eight columns of a row, as vec4s ACROSS apart.
fn activated(value: vec4<f32>) -> vec4<f32> {
  if (RELU == 1u) {
    return select(value, vec4<f32>(0.0), value < vec4<f32>(0.0));
  }
  return value;
}

fn store(place: u32, column: u32, first: vec4<f32>, second: vec4<f32>) {
  let width = params.columns / 4u;
  if (place != NOWHERE) {
    if (column < width) { output[place * width + column] = activated(first); }
    if (column + ACROSS < width) { output[place * width + column + ACROSS] = activated(second); }
  }
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = group.x + group.y * groups.x;
  let matrix = number / params.matrixTiles;
  let tile = number % params.matrixTiles;
  let tileRow = tile / params.columnTiles * (GROUPS * ROWS);
  if (matrix >= params.matrices) {
    return;
  }
  let weightFirst = params.weightFirst + matrix * params.matrixWeights;
  // Columns in vec4s. Those past the end read the last ones and are not stored.
  let width = params.columns / 4u;
  let member = lane % ACROSS;
  let home = lane - member;
  let column0 = tile % params.columnTiles * (2u * ACROSS) + member;
  let column1 = column0 + ACROSS;
  let weight0 = min(column0, width - 1u);
  let weight1 = min(column1, width - 1u);
  // A lane's own rows are ACROSS apart.
  let ownRow = tileRow + lane / ACROSS * ROWS + member;
  var row: array<Row, 16>;
  row[0] = rowAt(ownRow + 0u * ACROSS, matrix);
  if (BLOCKS > 1u) { row[1] = rowAt(ownRow + 1u * ACROSS, matrix); }
  if (BLOCKS > 2u) { row[2] = rowAt(ownRow + 2u * ACROSS, matrix); }
  if (BLOCKS > 3u) { row[3] = rowAt(ownRow + 3u * ACROSS, matrix); }
  if (BLOCKS > 4u) { row[4] = rowAt(ownRow + 4u * ACROSS, matrix); }
  if (BLOCKS > 5u) { row[5] = rowAt(ownRow + 5u * ACROSS, matrix); }
  if (BLOCKS > 6u) { row[6] = rowAt(ownRow + 6u * ACROSS, matrix); }
  if (BLOCKS > 7u) { row[7] = rowAt(ownRow + 7u * ACROSS, matrix); }
  if (BLOCKS > 8u) { row[8] = rowAt(ownRow + 8u * ACROSS, matrix); }
  if (BLOCKS > 9u) { row[9] = rowAt(ownRow + 9u * ACROSS, matrix); }
  if (BLOCKS > 10u) { row[10] = rowAt(ownRow + 10u * ACROSS, matrix); }
  if (BLOCKS > 11u) { row[11] = rowAt(ownRow + 11u * ACROSS, matrix); }
  if (BLOCKS > 12u) { row[12] = rowAt(ownRow + 12u * ACROSS, matrix); }
  if (BLOCKS > 13u) { row[13] = rowAt(ownRow + 13u * ACROSS, matrix); }
  if (BLOCKS > 14u) { row[14] = rowAt(ownRow + 14u * ACROSS, matrix); }
  if (BLOCKS > 15u) { row[15] = rowAt(ownRow + 15u * ACROSS, matrix); }

  var start: array<vec2<u32>, 16>;
  var a: array<vec2<f32>, 16>;
  var c: array<vec4<f32>, 64>;
  for (var ty = 0u; ty < params.tapRows; ty++) {
    for (var tx = 0u; tx < params.tapColumns; tx++) {
      start[0] = runStart(row[0], ty, tx);
      if (BLOCKS > 1u) { start[1] = runStart(row[1], ty, tx); }
      if (BLOCKS > 2u) { start[2] = runStart(row[2], ty, tx); }
      if (BLOCKS > 3u) { start[3] = runStart(row[3], ty, tx); }
      if (BLOCKS > 4u) { start[4] = runStart(row[4], ty, tx); }
      if (BLOCKS > 5u) { start[5] = runStart(row[5], ty, tx); }
      if (BLOCKS > 6u) { start[6] = runStart(row[6], ty, tx); }
      if (BLOCKS > 7u) { start[7] = runStart(row[7], ty, tx); }
      if (BLOCKS > 8u) { start[8] = runStart(row[8], ty, tx); }
      if (BLOCKS > 9u) { start[9] = runStart(row[9], ty, tx); }
      if (BLOCKS > 10u) { start[10] = runStart(row[10], ty, tx); }
      if (BLOCKS > 11u) { start[11] = runStart(row[11], ty, tx); }
      if (BLOCKS > 12u) { start[12] = runStart(row[12], ty, tx); }
      if (BLOCKS > 13u) { start[13] = runStart(row[13], ty, tx); }
      if (BLOCKS > 14u) { start[14] = runStart(row[14], ty, tx); }
      if (BLOCKS > 15u) { start[15] = runStart(row[15], ty, tx); }
      let weightRow = weightFirst + ty * params.weightStepY + tx * params.weightStepX;
      for (var term = 0u; term < params.run; term += 2u) {
        a[0] = pair(start[0], term);
        if (BLOCKS > 1u) { a[1] = pair(start[1], term); }
        if (BLOCKS > 2u) { a[2] = pair(start[2], term); }
        if (BLOCKS > 3u) { a[3] = pair(start[3], term); }
        if (BLOCKS > 4u) { a[4] = pair(start[4], term); }
        if (BLOCKS > 5u) { a[5] = pair(start[5], term); }
        if (BLOCKS > 6u) { a[6] = pair(start[6], term); }
        if (BLOCKS > 7u) { a[7] = pair(start[7], term); }
        if (BLOCKS > 8u) { a[8] = pair(start[8], term); }
        if (BLOCKS > 9u) { a[9] = pair(start[9], term); }
        if (BLOCKS > 10u) { a[10] = pair(start[10], term); }
        if (BLOCKS > 11u) { a[11] = pair(start[11], term); }
        if (BLOCKS > 12u) { a[12] = pair(start[12], term); }
        if (BLOCKS > 13u) { a[13] = pair(start[13], term); }
        if (BLOCKS > 14u) { a[14] = pair(start[14], term); }
        if (BLOCKS > 15u) { a[15] = pair(start[15], term); }
        let upper = (weightRow + term) * width;
        var lower = upper + width;
        if (ODD == 1u) {
          // Past the run's end: any finite numbers, to be multiplied by 0.
          lower = select(upper, lower, term + 1u < params.run);
        }
        let b = array<vec4<f32>, 4>(
          weight[upper + weight0],
          weight[upper + weight1],
          weight[lower + weight0],
          weight[lower + weight1],
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
    }
  }

  let biased = params.hasBias == 1u;
  let bias0 = select(vec4<f32>(0.0), bias[weight0], biased);
  let bias1 = select(vec4<f32>(0.0), bias[weight1], biased);
  // Eight rows a round, the others moving up: Mesa compiles each store written out for 20 ms. The bound is ROWS, which it must not
  // know, or it would write the rounds out itself.
  for (var round = 0u; round < ROWS / 8u * min(params.matrices, 1u); round++) {
    store(subgroupShuffle(row[0u / ACROSS].place, home + 0u % ACROSS), column0, c[0] + bias0, c[1] + bias1);
    store(subgroupShuffle(row[1u / ACROSS].place, home + 1u % ACROSS), column0, c[2] + bias0, c[3] + bias1);
    store(subgroupShuffle(row[2u / ACROSS].place, home + 2u % ACROSS), column0, c[4] + bias0, c[5] + bias1);
    store(subgroupShuffle(row[3u / ACROSS].place, home + 3u % ACROSS), column0, c[6] + bias0, c[7] + bias1);
    store(subgroupShuffle(row[4u / ACROSS].place, home + 4u % ACROSS), column0, c[8] + bias0, c[9] + bias1);
    store(subgroupShuffle(row[5u / ACROSS].place, home + 5u % ACROSS), column0, c[10] + bias0, c[11] + bias1);
    store(subgroupShuffle(row[6u / ACROSS].place, home + 6u % ACROSS), column0, c[12] + bias0, c[13] + bias1);
    store(subgroupShuffle(row[7u / ACROSS].place, home + 7u % ACROSS), column0, c[14] + bias0, c[15] + bias1);
    row[0].place = row[0u + 8u / ACROSS].place;
    row[1].place = row[1u + 8u / ACROSS].place;
    row[2].place = row[2u + 8u / ACROSS].place;
    row[3].place = row[3u + 8u / ACROSS].place;
    row[4].place = row[4u + 8u / ACROSS].place;
    row[5].place = row[5u + 8u / ACROSS].place;
    row[6].place = row[6u + 8u / ACROSS].place;
    row[7].place = row[7u + 8u / ACROSS].place;
    row[8].place = row[8u + 8u / ACROSS].place;
    row[9].place = row[9u + 8u / ACROSS].place;
    row[10].place = row[10u + 8u / ACROSS].place;
    row[11].place = row[11u + 8u / ACROSS].place;
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
