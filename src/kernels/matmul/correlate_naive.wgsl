// Product of gathered images with an output gradient, summed over pixels: the readable form.
//   output[split, (ky,kx,c), column] = sum over the split's output pixels p = (n,i,j) of
//       input[n, i * strideY - padTop + ky * dilationY, j * strideX - padLeft + kx * dilationX, c] * gradient[p, column]
// where input outside the image is 0: the gradient of a convolution's weights, in parts that matmul/sum adds in a fixed order.
// Input NHWC; gradient [pixels][columns]; output [splits][rows][columns], written with `=`.
//
// One invocation computes one output element.
const WORKGROUP: u32 = 64u;

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
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let column = index % params.columns;
  let row = index / params.columns % params.rows;
  let split = index / params.columns / params.rows;
  if (split >= params.splits) {
    return;
  }
  let channel = row % params.channels;
  let kx = row / params.channels % params.kernelWidth;
  let ky = row / params.channels / params.kernelWidth;
  let last = min((split + 1u) * params.splitPixels, params.pixels);
  var sum = 0.0;
  for (var pixel = split * params.splitPixels; pixel < last; pixel++) {
    let j = pixel % params.outputWidth;
    let i = pixel / params.outputWidth % params.outputHeight;
    let n = pixel / params.outputWidth / params.outputHeight;
    let y = i32(i) * params.strideY - params.padTop + i32(ky) * params.dilationY;
    let x = i32(j) * params.strideX - params.padLeft + i32(kx) * params.dilationX;
    if (y >= 0 && y < i32(params.inputHeight) && x >= 0 && x < i32(params.inputWidth)) {
      let place = (n * params.inputHeight + u32(y)) * params.inputWidth + u32(x);
      sum = fma(input[place * params.channels + channel], gradient[pixel * params.columns + column], sum);
    }
  }
  output[index] = sum;
}
