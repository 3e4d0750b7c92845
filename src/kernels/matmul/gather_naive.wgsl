// Matrix product whose left matrix is gathered from images: the readable form.
//   output[row(n,i,j), column] = act(bias[column] + sum over taps (ty,tx) and t < run of
//                                input[n, y, x0 + t / channels, t % channels] * weight[weightRow(ty,tx) + t, column])
//   act is the identity, or with RELU = 1 max(., 0), which leaves NaN alone.
//   y  = i * scaleY + offsetY + ty * tapStepY,    x0 = j * scaleX + offsetX + tx * tapStepX;    outside the image: 0.
// With taps (kernel height, 1) and run = kernel width * channels this is a convolution, and with the weights transposed
// the gradient of its input; with one tap it is a plain matrix product. (matmul/gather.ts fills in the parameters.)
// Several products of one shape are computed at once where `matrices` > 1: each has its own images, one behind the other, and
// its own weights, `matrixWeights` rows behind those of the one before.
// Input NHWC; weight [weight rows][columns]; output NHWC, written with `=`, every element of the launch's grid once.
//
// One invocation computes one output element.
const WORKGROUP: u32 = 64u;
const RELU: u32 = 0u;

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

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let column = index % params.columns;
  let row = index / params.columns % params.rows;
  let matrix = index / params.columns / params.rows;
  if (matrix >= params.matrices) {
    return;
  }
  let j = row % params.gridWidth;
  let i = row / params.gridWidth % params.gridHeight;
  let images = params.rows / params.gridWidth / params.gridHeight;
  let n = row / params.gridWidth / params.gridHeight + matrix * images;
  let weightFirst = params.weightFirst + matrix * params.matrixWeights;
  var sum = 0.0;
  for (var ty = 0u; ty < params.tapRows; ty++) {
    let y = i32(i) * params.scaleY + params.offsetY + i32(ty) * params.tapStepY;
    if (y < 0 || y >= i32(params.inputHeight)) {
      continue;
    }
    for (var tx = 0u; tx < params.tapColumns; tx++) {
      let x0 = i32(j) * params.scaleX + params.offsetX + i32(tx) * params.tapStepX;
      let weightRow = weightFirst + ty * params.weightStepY + tx * params.weightStepX;
      for (var term = 0u; term < params.run; term++) {
        let x = x0 + i32(term / params.channels);
        if (x >= 0 && x < i32(params.inputWidth)) {
          let pixel = (n * params.inputHeight + u32(y)) * params.inputWidth + u32(x);
          let value = input[pixel * params.channels + term % params.channels];
          sum = fma(value, weight[(weightRow + term) * params.columns + column], sum);
        }
      }
    }
  }
  if (params.hasBias == 1u) {
    sum += bias[column];
  }
  if (RELU == 1u) {
    sum = select(sum, 0.0, sum < 0.0);
  }
  let y = i * params.spacingY + params.firstY;
  let x = j * params.spacingX + params.firstX;
  let place = (n * params.outputHeight + y) * params.outputWidth + x;
  output[place * params.columns + column] = sum;
}
