// Product of gathered images with an output gradient, summed over pixels, for subgroups of a known size.
//   output[split, (ky,kx,c), column] = sum over the split's output pixels p = (n,i,j) of
//       input[n, i * strideY - padTop + ky * dilationY, j * strideX - padLeft + kx * dilationX, c] * gradient[p, column]
// where input outside the image is 0: the gradient of a convolution's weights, in parts that matmul/sum_parts adds in order.
// Input NHWC; gradient [pixels][columns], each row padded to a multiple of 4; output [splits][rows][columns], written with `=`.
//
// One workgroup is one subgroup and computes ROWS rows x 8 * SUBGROUP columns of one split, as gather_subgroup does: a lane keeps 8
// columns of all rows in registers, loads 8 gradients of two pixels and the two input values of "its" rows, which
// subgroupBroadcast hands round. Flops: 2 * rows * columns * pixels.
enable subgroups;

const SUBGROUP: u32 = 8u;
const ROWS = 16u;
const BLOCKS = (ROWS + SUBGROUP - 1u) / SUBGROUP;
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
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
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

// Start of the image row that output row i of image n reads, and the element in it at output column 0: OUTSIDE where it is.
fn runStart(row: Row, n: u32, i: u32, j: u32) -> vec2<u32> {
  let y = i32(i) * params.strideY + row.y;
  let valid = y >= 0 && y < i32(params.inputHeight);
  let start = (n * params.inputHeight + u32(y)) * params.inputWidth * params.channels;
  let element = u32(row.element + i32(j) * params.strideX * i32(params.channels));
  return select(vec2<u32>(0u, OUTSIDE), vec2<u32>(start, element), valid);
}

// The values at two neighbouring output columns; the second is 0 where there is none.
fn pair(start: vec2<u32>, first: u32, second: bool) -> vec2<f32> {
  let stride = u32(params.strideX) * params.channels;
  let element = start.y + first * stride;
  let width = params.inputWidth * params.channels;
  return vec2<f32>(
    select(0.0, input[start.x + element], element < width),
    select(0.0, input[start.x + element + stride], element + stride < width && second),
  );
}

fn storeFour(first: u32, column: u32, sums: vec4<f32>) {
  if (column < params.columns) { output[first + column] = sums.x; }
  if (column + 1u < params.columns) { output[first + column + 1u] = sums.y; }
  if (column + 2u < params.columns) { output[first + column + 2u] = sums.z; }
  if (column + 3u < params.columns) { output[first + column + 3u] = sums.w; }
}

fn store(split: u32, row: u32, column0: u32, column1: u32, sums0: vec4<f32>, sums1: vec4<f32>) {
  if (row >= params.rows) { return; }
  let first = (split * params.rows + row) * params.columns;
  storeFour(first, column0, sums0);
  storeFour(first, column1, sums1);
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
  let firstRow = tile / params.columnTiles % params.rowTiles * ROWS;
  let column0 = tile % params.columnTiles * (8u * SUBGROUP) + lane * 4u;
  let column1 = column0 + 4u * SUBGROUP;
  // In vec4s. Columns past the end read the last ones and are not stored.
  let width = (params.columns + 3u) / 4u;
  let gradient0 = min(column0 / 4u, width - 1u);
  let gradient1 = min(column1 / 4u, width - 1u);

  let row0 = rowAt(firstRow + lane);
  var row1 = row0;
  var row2 = row0;
  var row3 = row0;
  if (BLOCKS > 1u) { row1 = rowAt(firstRow + lane + SUBGROUP); }
  if (BLOCKS > 2u) { row2 = rowAt(firstRow + lane + 2u * SUBGROUP); }
  if (BLOCKS > 3u) { row3 = rowAt(firstRow + lane + 3u * SUBGROUP); }

  var c: array<vec4<f32>, 2u * ROWS>;
  let last = min((split + 1u) * params.splitPixels, params.pixels);
  var pixel = split * params.splitPixels;
  while (pixel < last) {
    // The part of one output row that belongs to the split.
    let j = pixel % params.outputWidth;
    let i = pixel / params.outputWidth % params.outputHeight;
    let n = pixel / params.outputWidth / params.outputHeight;
    let count = min(params.outputWidth - j, last - pixel);
    let start0 = runStart(row0, n, i, j);
    let start1 = runStart(row1, n, i, j);
    let start2 = runStart(row2, n, i, j);
    let start3 = runStart(row3, n, i, j);
    for (var first = 0u; first < count; first += 2u) {
      let second = first + 1u < count;
      let upper = (pixel + first) * width;
      let lower = (pixel + min(first + 1u, count - 1u)) * width;
      let b = array<vec4<f32>, 4>(
        gradient[upper + gradient0],
        gradient[upper + gradient1],
        gradient[lower + gradient0],
        gradient[lower + gradient1],
      );
      let a0 = pair(start0, first, second);
      var a1 = a0;
      var a2 = a0;
      var a3 = a0;
      if (BLOCKS > 1u) { a1 = pair(start1, first, second); }
      if (BLOCKS > 2u) { a2 = pair(start2, first, second); }
      if (BLOCKS > 3u) { a3 = pair(start3, first, second); }
      let a = array<vec2<f32>, 4>(a0, a1, a2, a3);
      var x: vec2<f32>;
      x = subgroupBroadcast(a[0u / SUBGROUP], 0u % SUBGROUP);
      c[0] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[0]));
      c[1] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[1]));
      x = subgroupBroadcast(a[1u / SUBGROUP], 1u % SUBGROUP);
      c[2] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[2]));
      c[3] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[3]));
      x = subgroupBroadcast(a[2u / SUBGROUP], 2u % SUBGROUP);
      c[4] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[4]));
      c[5] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[5]));
      x = subgroupBroadcast(a[3u / SUBGROUP], 3u % SUBGROUP);
      c[6] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[6]));
      c[7] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[7]));
      x = subgroupBroadcast(a[4u / SUBGROUP], 4u % SUBGROUP);
      c[8] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[8]));
      c[9] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[9]));
      x = subgroupBroadcast(a[5u / SUBGROUP], 5u % SUBGROUP);
      c[10] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[10]));
      c[11] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[11]));
      x = subgroupBroadcast(a[6u / SUBGROUP], 6u % SUBGROUP);
      c[12] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[12]));
      c[13] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[13]));
      x = subgroupBroadcast(a[7u / SUBGROUP], 7u % SUBGROUP);
      c[14] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[14]));
      c[15] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[15]));
      x = subgroupBroadcast(a[8u / SUBGROUP], 8u % SUBGROUP);
      c[16] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[16]));
      c[17] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[17]));
      x = subgroupBroadcast(a[9u / SUBGROUP], 9u % SUBGROUP);
      c[18] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[18]));
      c[19] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[19]));
      x = subgroupBroadcast(a[10u / SUBGROUP], 10u % SUBGROUP);
      c[20] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[20]));
      c[21] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[21]));
      x = subgroupBroadcast(a[11u / SUBGROUP], 11u % SUBGROUP);
      c[22] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[22]));
      c[23] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[23]));
      x = subgroupBroadcast(a[12u / SUBGROUP], 12u % SUBGROUP);
      c[24] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[24]));
      c[25] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[25]));
      x = subgroupBroadcast(a[13u / SUBGROUP], 13u % SUBGROUP);
      c[26] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[26]));
      c[27] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[27]));
      x = subgroupBroadcast(a[14u / SUBGROUP], 14u % SUBGROUP);
      c[28] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[28]));
      c[29] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[29]));
      x = subgroupBroadcast(a[15u / SUBGROUP], 15u % SUBGROUP);
      c[30] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[30]));
      c[31] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[31]));
    }
    pixel += count;
  }

  store(split, firstRow + 0u, column0, column1, c[0], c[1]);
  store(split, firstRow + 1u, column0, column1, c[2], c[3]);
  store(split, firstRow + 2u, column0, column1, c[4], c[5]);
  store(split, firstRow + 3u, column0, column1, c[6], c[7]);
  store(split, firstRow + 4u, column0, column1, c[8], c[9]);
  store(split, firstRow + 5u, column0, column1, c[10], c[11]);
  store(split, firstRow + 6u, column0, column1, c[12], c[13]);
  store(split, firstRow + 7u, column0, column1, c[14], c[15]);
  store(split, firstRow + 8u, column0, column1, c[16], c[17]);
  store(split, firstRow + 9u, column0, column1, c[18], c[19]);
  store(split, firstRow + 10u, column0, column1, c[20], c[21]);
  store(split, firstRow + 11u, column0, column1, c[22], c[23]);
  store(split, firstRow + 12u, column0, column1, c[24], c[25]);
  store(split, firstRow + 13u, column0, column1, c[26], c[27]);
  store(split, firstRow + 14u, column0, column1, c[28], c[29]);
  store(split, firstRow + 15u, column0, column1, c[30], c[31]);
}
