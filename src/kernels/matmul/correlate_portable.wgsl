// Product of gathered images with an output gradient, summed over pixels, through workgroup memory: needs no subgroups.
//   output[split, (ky,kx,c), column] = sum over the split's output pixels p = (n,i,j) of
//       input[n, i * strideY - padTop + ky * dilationY, j * strideX - padLeft + kx * dilationX, c] * gradient[p, column]
// where input outside the image is 0: the gradient of a convolution's weights, in parts that matmul/sum adds in a fixed order.
// Input NHWC; gradient [pixels][columns]; output [splits][rows][columns], written with `=`. `columns` is a multiple of 4.
//
// One workgroup computes a tile of 8 * DOWN rows x 8 * ACROSS columns, one invocation 8 rows x 8 columns of it in registers. In each
// step the workgroup brings the tile's rows and columns at STEP pixels into its memory, as vec4s of four rows and of four columns, so
// that 4 loads feed 64 multiply-adds; meanwhile it fetches those of the next step. Neighbouring invocations fetch neighbouring vec4s.
// Written out, without loops over registers, so that compilers keep them there.
// Flops: 2 * rows * columns * pixels.

// Invocations of a workgroup, down and across. SwiftShader and browsers without more limits have 256, and 16 KiB for the two arrays.
const DOWN: u32 = 8u;
const ACROSS: u32 = 8u;
// 1 when `channels` is no multiple of 4: then the four rows of a vec4 are fetched one by one.
const SCALARS: u32 = 0u;
// Pixels of a step.
const STEP: u32 = 16u;
const INVOCATIONS = DOWN * ACROSS;
// Rows and columns of the tile, in vec4s.
const HEIGHT = 2u * DOWN;
const WIDTH = 2u * ACROSS;
// What an invocation fetches in a step, in vec4s.
const VALUES = STEP * HEIGHT / INVOCATIONS;
const FACTORS = STEP * WIDTH / INVOCATIONS;

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

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

// Four rows at a pixel each, pixel by pixel; and four columns.
var<workgroup> values: array<vec4<f32>, STEP * HEIGHT>;
var<workgroup> factors: array<vec4<f32>, STEP * WIDTH>;
// Sums of an invocation's rows 0 to 7: of each its first four columns, then the other four.
alias Sums = array<vec4<f32>, 16>;

// A row of the product: the tap's shift of the image, and the channel.
struct Row {
  y: i32,
  x: i32,
  channel: u32,
}

fn rowAt(number: u32) -> Row {
  let tap = number / params.channels;
  return Row(
    i32(tap / params.kernelWidth) * params.dilationY - params.padTop,
    i32(tap % params.kernelWidth) * params.dilationX - params.padLeft,
    number % params.channels,
  );
}

// Marks a pixel outside the image.
const OUTSIDE = 0xffffffffu;

// The element that a row's tap reads for an output pixel.
fn placeOf(row: Row, n: u32, i: u32, j: u32) -> u32 {
  let y = i32(i) * params.strideY + row.y;
  let x = i32(j) * params.strideX + row.x;
  let inside = y >= 0 && y < i32(params.inputHeight) && x >= 0 && x < i32(params.inputWidth);
  let pixel = (n * params.inputHeight + u32(y)) * params.inputWidth + u32(x);
  return select(OUTSIDE, pixel * params.channels + row.channel, inside);
}

fn element(number: u32, n: u32, i: u32, j: u32) -> f32 {
  let place = placeOf(rowAt(number), n, i, j);
  let inside = place != OUTSIDE && number < params.rows;
  return select(0.0, input[select(0u, place / 4u, inside)][place % 4u], inside);
}

// Four rows at an output pixel, if it is wanted.
fn fetchValues(number: u32, row: Row, pixel: u32, wanted: bool) -> vec4<f32> {
  let j = pixel % params.outputWidth;
  let i = pixel / params.outputWidth % params.outputHeight;
  let n = pixel / params.outputWidth / params.outputHeight;
  if (SCALARS == 0u) {
    let place = placeOf(row, n, i, j);
    let inside = wanted && place != OUTSIDE && number < params.rows;
    return select(vec4<f32>(0.0), input[select(0u, place / 4u, inside)], inside);
  }
  let values = vec4<f32>(
    element(number, n, i, j),
    element(number + 1u, n, i, j),
    element(number + 2u, n, i, j),
    element(number + 3u, n, i, j),
  );
  return select(vec4<f32>(0.0), values, wanted);
}

// One pixel of rows 0 to 3 and 4 to 7, times its columns.
fn multiplyAdd(sums: ptr<function, Sums>, value: u32, factor: u32) {
  let upper = values[value];
  let lower = values[value + DOWN];
  let first = factors[factor];
  let second = factors[factor + ACROSS];
  (*sums)[0] = fma(vec4<f32>(upper.x), first, (*sums)[0]);
  (*sums)[1] = fma(vec4<f32>(upper.x), second, (*sums)[1]);
  (*sums)[2] = fma(vec4<f32>(upper.y), first, (*sums)[2]);
  (*sums)[3] = fma(vec4<f32>(upper.y), second, (*sums)[3]);
  (*sums)[4] = fma(vec4<f32>(upper.z), first, (*sums)[4]);
  (*sums)[5] = fma(vec4<f32>(upper.z), second, (*sums)[5]);
  (*sums)[6] = fma(vec4<f32>(upper.w), first, (*sums)[6]);
  (*sums)[7] = fma(vec4<f32>(upper.w), second, (*sums)[7]);
  (*sums)[8] = fma(vec4<f32>(lower.x), first, (*sums)[8]);
  (*sums)[9] = fma(vec4<f32>(lower.x), second, (*sums)[9]);
  (*sums)[10] = fma(vec4<f32>(lower.y), first, (*sums)[10]);
  (*sums)[11] = fma(vec4<f32>(lower.y), second, (*sums)[11]);
  (*sums)[12] = fma(vec4<f32>(lower.z), first, (*sums)[12]);
  (*sums)[13] = fma(vec4<f32>(lower.z), second, (*sums)[13]);
  (*sums)[14] = fma(vec4<f32>(lower.w), first, (*sums)[14]);
  (*sums)[15] = fma(vec4<f32>(lower.w), second, (*sums)[15]);
}

fn store(row: u32, split: u32, column: u32, first: vec4<f32>, second: vec4<f32>) {
  let width = params.columns / 4u;
  let place = (split * params.rows + row) * width;
  if (row < params.rows) {
    if (column < width) { output[place + column] = first; }
    if (column + ACROSS < width) { output[place + column + ACROSS] = second; }
  }
}

@compute @workgroup_size(INVOCATIONS)
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
  let tileRow = tile / params.columnTiles % params.rowTiles * (4u * HEIGHT);
  // Columns in vec4s.
  let width = params.columns / 4u;
  let tileColumn = tile % params.columnTiles * WIDTH;
  let across = lane % ACROSS;
  let down = lane / ACROSS;
  // The rows that this invocation fetches.
  let fetchRow = tileRow + 4u * (lane % HEIGHT);
  let row = rowAt(fetchRow);

  var sums: Sums;
  var nextValues: array<vec4<f32>, VALUES>;
  var nextFactors: array<vec4<f32>, FACTORS>;
  let firstPixel = split * params.splitPixels;
  let lastPixel = min(firstPixel + params.splitPixels, params.pixels);
  // Fetches a step while it multiplies the one before: a round more than there are steps.
  for (var round = firstPixel; round < lastPixel + STEP; round += STEP) {
    if (round < lastPixel) {
      for (var n = 0u; n < VALUES; n++) {
        let pixel = round + (lane + n * INVOCATIONS) / HEIGHT;
        nextValues[n] = fetchValues(fetchRow, row, pixel, pixel < lastPixel);
      }
      for (var n = 0u; n < FACTORS; n++) {
        let index = lane + n * INVOCATIONS;
        let pixel = round + index / WIDTH;
        let column = tileColumn + index % WIDTH;
        let inside = pixel < lastPixel && column < width;
        nextFactors[n] = select(vec4<f32>(0.0), gradient[select(0u, pixel * width + column, inside)], inside);
      }
    }
    if (round > firstPixel) {
      for (var pixel = 0u; pixel < STEP; pixel++) {
        multiplyAdd(&sums, pixel * HEIGHT + down, pixel * WIDTH + across);
      }
    }
    workgroupBarrier();
    if (round < lastPixel) {
      for (var n = 0u; n < VALUES; n++) {
        values[lane + n * INVOCATIONS] = nextValues[n];
      }
      for (var n = 0u; n < FACTORS; n++) {
        factors[lane + n * INVOCATIONS] = nextFactors[n];
      }
    }
    workgroupBarrier();
  }

  let upper = tileRow + 4u * down;
  let lower = upper + 4u * DOWN;
  let column = tileColumn + across;
  store(upper, split, column, sums[0], sums[1]);
  store(upper + 1u, split, column, sums[2], sums[3]);
  store(upper + 2u, split, column, sums[4], sums[5]);
  store(upper + 3u, split, column, sums[6], sums[7]);
  store(lower, split, column, sums[8], sums[9]);
  store(lower + 1u, split, column, sums[10], sums[11]);
  store(lower + 2u, split, column, sums[12], sums[13]);
  store(lower + 3u, split, column, sums[14], sums[15]);
}
