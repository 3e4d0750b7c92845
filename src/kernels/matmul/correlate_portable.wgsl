// Product of gathered images with an output gradient, summed over pixels, through workgroup memory: needs no subgroups.
//   output[split, (ky,kx,c), column] = sum over the split's output pixels p = (n,i,j) of
//       input[n, i * strideY - padTop + ky * dilationY, j * strideX - padLeft + kx * dilationX, c] * gradient[p, column]
// where input outside the image is 0: the gradient of a convolution's weights, in parts that matmul/sum_parts adds in order.
// Input NHWC; gradient [pixels][columns]; output [splits][rows][columns], written with `=`. `columns` is a multiple of 4.
//
// One workgroup computes a tile of TILE rows x TILE columns, one invocation 8 rows x 8 columns of it in registers. The workgroup
// fetches STEP pixels of the tile's rows (an invocation those of one row) and columns into its memory, multiplies, and goes on.
// Flops: 2 * rows * columns * pixels.

const TILE = 64u;
const STEP = 8u;
// Rows and columns of an invocation; SIDE x SIDE of them make a workgroup.
const OWN = 8u;
const SIDE = 8u;

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

// Values by pixel and row; gradients by pixel and column, in vec4s.
var<workgroup> values: array<f32, STEP * TILE>;
var<workgroup> factors: array<vec4<f32>, STEP * TILE / 4u>;

@compute @workgroup_size(TILE)
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
  let tileRow = tile / params.columnTiles % params.rowTiles * TILE;
  // Columns in vec4s.
  let width = params.columns / 4u;
  let tileColumn = tile % params.columnTiles * (TILE / 4u);
  let across = lane % SIDE;
  let down = lane / SIDE;
  // The row that this invocation fetches: a tap and a channel.
  let row = tileRow + lane;
  let channel = row % params.channels;
  let shiftX = i32(row / params.channels % params.kernelWidth) * params.dilationX - params.padLeft;
  let shiftY = i32(row / params.channels / params.kernelWidth) * params.dilationY - params.padTop;

  var c: array<array<vec4<f32>, 2>, OWN>;
  let last = min((split + 1u) * params.splitPixels, params.pixels);
  for (var first = split * params.splitPixels; first < last; first += STEP) {
    for (var step = 0u; step < STEP; step++) {
      let pixel = first + step;
      let j = pixel % params.outputWidth;
      let i = pixel / params.outputWidth % params.outputHeight;
      let n = pixel / params.outputWidth / params.outputHeight;
      let y = i32(i) * params.strideY + shiftY;
      let x = i32(j) * params.strideX + shiftX;
      let insideY = y >= 0 && y < i32(params.inputHeight);
      let insideX = x >= 0 && x < i32(params.inputWidth);
      let inside = pixel < last && row < params.rows && insideY && insideX;
      let place = (n * params.inputHeight + u32(y)) * params.inputWidth + u32(x);
      values[step * TILE + lane] = select(0.0, input[place * params.channels + channel], inside);
    }
    for (var index = lane; index < STEP * TILE / 4u; index += TILE) {
      let pixel = first + index / (TILE / 4u);
      let column = tileColumn + index % (TILE / 4u);
      let inside = pixel < last && column < width;
      factors[index] = select(vec4<f32>(0.0), gradient[pixel * width + column], inside);
    }
    workgroupBarrier();
    for (var step = 0u; step < STEP; step++) {
      let b0 = factors[step * (TILE / 4u) + across];
      let b1 = factors[step * (TILE / 4u) + across + SIDE];
      for (var r = 0u; r < OWN; r++) {
        let a = vec4<f32>(values[step * TILE + down * OWN + r]);
        c[r][0] = fma(a, b0, c[r][0]);
        c[r][1] = fma(a, b1, c[r][1]);
      }
    }
    workgroupBarrier();
  }

  for (var r = 0u; r < OWN; r++) {
    let resultRow = tileRow + down * OWN + r;
    for (var side = 0u; side < 2u; side++) {
      let column = tileColumn + across + side * SIDE;
      if (resultRow < params.rows && column < width) {
        output[(split * params.rows + resultRow) * width + column] = c[r][side];
      }
    }
  }
}
