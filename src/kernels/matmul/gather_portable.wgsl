// Matrix product whose left matrix is gathered from images, through workgroup memory: needs no subgroups.
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
// One workgroup computes a tile of TILE rows x TILE columns, one invocation 8 rows x 8 columns of it in registers. The workgroup
// fetches STEP terms of the tile's rows (an invocation those of one row) and columns into its memory, multiplies, and goes on.
// Flops: 2 * rows * columns * terms.

const TILE = 64u;
const STEP = 8u;
// Rows and columns of an invocation; SIDE x SIDE of them make a workgroup.
const OWN = 8u;
const SIDE = 8u;
const RELU: u32 = 0u;
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

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> params: Params;

// Values by term and row; weights by term and column, in vec4s.
var<workgroup> values: array<f32, STEP * TILE>;
var<workgroup> factors: array<vec4<f32>, STEP * TILE / 4u>;

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

@compute @workgroup_size(TILE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = group.x + group.y * groups.x;
  let matrix = number / params.matrixTiles;
  let tile = number % params.matrixTiles;
  let tileRow = tile / params.columnTiles * TILE;
  if (matrix >= params.matrices) {
    return;
  }
  let weightFirst = params.weightFirst + matrix * params.matrixWeights;
  // Columns in vec4s.
  let width = params.columns / 4u;
  let tileColumn = tile % params.columnTiles * (TILE / 4u);
  let across = lane % SIDE;
  let down = lane / SIDE;
  let inputWidth = params.inputWidth * params.channels;
  let row = rowAt(tileRow + lane, matrix);

  var c: array<array<vec4<f32>, 2>, OWN>;
  for (var ty = 0u; ty < params.tapRows; ty++) {
    for (var tx = 0u; tx < params.tapColumns; tx++) {
      let start = runStart(row, ty, tx);
      let weightRow = weightFirst + ty * params.weightStepY + tx * params.weightStepX;
      for (var first = 0u; first < params.run; first += STEP) {
        for (var step = 0u; step < STEP; step++) {
          let element = start.y + first + step;
          let inside = element < inputWidth && first + step < params.run;
          values[step * TILE + lane] = select(0.0, input[start.x + element], inside);
        }
        for (var index = lane; index < STEP * TILE / 4u; index += TILE) {
          let term = first + index / (TILE / 4u);
          let column = tileColumn + index % (TILE / 4u);
          let inside = term < params.run && column < width;
          factors[index] = select(vec4<f32>(0.0), weight[(weightRow + term) * width + column], inside);
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
    }
  }

  for (var r = 0u; r < OWN; r++) {
    let place = rowAt(tileRow + down * OWN + r, matrix).place;
    for (var side = 0u; side < 2u; side++) {
      let column = tileColumn + across + side * SIDE;
      if (place != NOWHERE && column < width) {
        var value = c[r][side] + select(vec4<f32>(0.0), bias[column], params.hasBias == 1u);
        if (RELU == 1u) {
          value = select(value, vec4<f32>(0.0), value < vec4<f32>(0.0));
        }
        output[place * width + column] = value;
      }
    }
  }
}
