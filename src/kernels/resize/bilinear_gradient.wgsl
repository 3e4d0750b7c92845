// Gradient of bilinear.wgsl with respect to its input, as a gather in a fixed order.
//   inputGradient[n, i, j, c] = sum over output rows y that read input row i, and columns x that read column j, of
//                               weight(y, i) * weight(x, j) * outputGradient[n, y, x, c]
// inputGradient [N, inputHeight, inputWidth, channels], outputGradient [N, height, width, channels]. One invocation computes
// one channel of COLUMNS neighbouring input columns and ROWS neighbouring rows: it walks down the output rows, sums what each gives to the
// columns, and shares that between the two input rows around it. `strips` and `segments` are inputWidth / COLUMNS and
// inputHeight / ROWS, rounded up. Weights are whole numbers until a row's sum is complete: exact to a rounding at any size.
// Reads an element of the output's gradient about 1 + 1 / COLUMNS times (1 / ROWS). Writes with `=`.

const WORKGROUP: u32 = 64u;
const ROWS: u32 = 1u;
const COLUMNS: u32 = 1u;

struct Params {
  count: u32,
  inputHeight: u32,
  inputWidth: u32,
  height: u32,
  width: u32,
  channels: u32,
  segments: u32,
  strips: u32,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> inputGradient: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

// Where an output row (or column) lies among the input's, in 1 / (2 * size), not yet clamped.
fn locate(place: u32, inputSize: u32, size: u32) -> i32 {
  return i32((2u * place + 1u) * inputSize) - i32(size);
}

// First output row (or column) that lies behind input row `source` - 1: the first that reads `source`.
fn firstReader(source: u32, inputSize: u32, size: u32) -> u32 {
  let behind = i32(2u * source * size) - i32(size) - i32(inputSize);
  return select(u32(behind) / (2u * inputSize) + 1u, 0u, behind < 0);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (index >= params.count) {
    return;
  }
  let pixel = index / params.channels;
  let channel = index - pixel * params.channels;
  let segment = pixel / params.strips;
  let firstColumn = (pixel - segment * params.strips) * COLUMNS;
  let image = segment / params.segments;
  let first = (segment - image * params.segments) * ROWS;
  let end = min(first + ROWS, params.inputHeight);

  let unitX = 2 * i32(params.width);
  let lastX = unitX * i32(params.inputWidth - 1u);
  let originX = unitX * i32(firstColumn);
  let beginX = firstReader(firstColumn, params.inputWidth, params.width);
  let startX = locate(beginX, params.inputWidth, params.width);
  // Columns that lie before the input column behind the last, or all to the end.
  let endX = select(
    unitX * i32(firstColumn + COLUMNS),
    locate(params.width, params.inputWidth, params.width),
    firstColumn + COLUMNS >= params.inputWidth,
  );

  let unitY = 2 * i32(params.height);
  var y = firstReader(first, params.inputHeight, params.height);
  var positionY = locate(y, params.inputHeight, params.height);
  var row = ((image * params.height + y) * params.width + beginX) * params.channels + channel;
  var place = ((image * params.inputHeight + first) * params.inputWidth + firstColumn) * params.channels + channel;
  // What the output rows above an input row gave to it.
  var fromAbove = array<f32, COLUMNS>();
  // `below` is the input row that ends an interval of output rows: those between it and the one above it.
  for (var below = first; below <= end; below++) {
    let isLast = below == params.inputHeight;
    let centre = unitY * i32(below);
    var toAbove = array<f32, COLUMNS>();
    var toBelow = array<f32, COLUMNS>();
    for (; y < params.height && (isLast || positionY < centre); y++) {
      var sums = array<f32, COLUMNS>();
      var element = row;
      for (var positionX = startX; positionX < endX; positionX += 2 * i32(params.inputWidth)) {
        let value = outputGradient[element];
        let x = clamp(positionX, 0, lastX) - originX;
        for (var k = 0u; k < COLUMNS; k++) {
          sums[k] += f32(max(unitX - abs(x - i32(k) * unitX), 0)) * value;
        }
        element += params.channels;
      }
      // At the image's edges both weights belong to one row.
      let weight = select(f32(positionY - centre + unitY) / f32(unitY), select(0.0, 1.0, below == 0u), isLast || below == 0u);
      for (var k = 0u; k < COLUMNS; k++) {
        let sum = sums[k] / f32(unitX);
        toAbove[k] += (1.0 - weight) * sum;
        toBelow[k] += weight * sum;
      }
      positionY += 2 * i32(params.inputHeight);
      row += params.width * params.channels;
    }
    for (var k = 0u; k < COLUMNS; k++) {
      if (below > first && firstColumn + k < params.inputWidth) {
        inputGradient[place + k * params.channels] = fromAbove[k] + toAbove[k];
      }
      fromAbove[k] = toBelow[k];
    }
    if (below > first) {
      place += params.inputWidth * params.channels;
    }
  }
}
