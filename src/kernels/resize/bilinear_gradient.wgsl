// Gradient of bilinear.wgsl with respect to its input, as a gather in a fixed order.
//   inputGradient[n, i, j, c] = sum over output rows y that read input row i, and columns x that read column j, of
//                               weight(y, i) * weight(x, j) * outputGradient[n, y, x, c]
// inputGradient [N, inputHeight, inputWidth, channels], outputGradient [N, height, width, channels]. One invocation computes
// one element of the input's gradient. Reads every element of the output's gradient up to four times. Writes with `=`.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  inputHeight: u32,
  inputWidth: u32,
  height: u32,
  width: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> inputGradient: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

// How much of input row (or column) `source` went into output row `place`.
fn weightOf(place: u32, source: u32, inputSize: u32, size: u32) -> f32 {
  let scaled = max((2u * place + 1u) * inputSize, size) - size;
  let low = scaled / (2u * size);
  let weight = f32(scaled - low * 2u * size) / f32(2u * size);
  return select(0.0, 1.0 - weight, low == source) + select(0.0, weight, min(low + 1u, inputSize - 1u) == source);
}

// First and one past the last output row that may read input row `source`: those between the centres of its neighbours.
fn readers(source: u32, inputSize: u32, size: u32) -> vec2<u32> {
  let below = (max(2u * source, 1u) - 1u) * size;
  let first = (max(below, inputSize) - inputSize) / (2u * inputSize);
  let end = min(((2u * source + 3u) * size) / (2u * inputSize) + 1u, size);
  return vec2<u32>(select(first, 0u, source == 0u), select(end, size, source + 1u == inputSize));
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
  let channel = index % params.channels;
  let pixel = index / params.channels;
  let column = pixel % params.inputWidth;
  let row = pixel / params.inputWidth % params.inputHeight;
  let image = pixel / (params.inputWidth * params.inputHeight) * params.height;
  let columns = readers(column, params.inputWidth, params.width);
  let rows = readers(row, params.inputHeight, params.height);
  var total = 0.0;
  for (var y = rows.x; y < rows.y; y++) {
    var rowTotal = 0.0;
    for (var x = columns.x; x < columns.y; x++) {
      let place = ((image + y) * params.width + x) * params.channels + channel;
      rowTotal += weightOf(x, column, params.inputWidth, params.width) * outputGradient[place];
    }
    total += weightOf(y, row, params.inputHeight, params.height) * rowTotal;
  }
  inputGradient[index] = total;
}
