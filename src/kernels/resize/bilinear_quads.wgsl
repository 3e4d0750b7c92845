// As bilinear.wgsl, for rows of width * channels elements that are whole vec4s: stores cost most where an image grows.
// Bilinear resizing with half-pixel centres and clamped edges, without antialiasing.
//   output[n, y, x, c] = sum over the up to four pixels around the position (y + 0.5) * inputHeight / height - 0.5, ... of
//                        weight * input[n, ., ., c]
// input [N, inputHeight, inputWidth, channels], output [N, height, width, channels]. One invocation computes four
// neighbouring elements of ROWS neighbouring rows, and loads an input row only when the one before did not need it; `segments` is
// height / ROWS, rounded up. Positions advance in whole numbers, so that the weights are exact to a rounding at any size.
// Moves 4 bytes an element of both tensors; 8 flops an output. Writes with `=`.

const WORKGROUP: u32 = 64u;
const ROWS: u32 = 8u;

struct Params {
  count: u32,
  inputHeight: u32,
  inputWidth: u32,
  height: u32,
  width: u32,
  channels: u32,
  segments: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

// A position between two neighbouring input rows (or columns): low + rest / (2 * size). `low` is -1 before the first centre.
struct Position {
  low: i32,
  rest: i32,
}

fn locate(place: u32, inputSize: u32, size: u32) -> Position {
  let unit = 2 * i32(size);
  let scaled = i32((2u * place + 1u) * inputSize) - i32(size);
  // Integer divisions are slow on a CPU. A quotient of floats below 2^15 is off by one at most.
  let low = i32(floor(f32(scaled) / f32(unit)));
  let rest = scaled - low * unit;
  let off = select(0, 1, rest >= unit) - select(0, 1, rest < 0);
  return Position(low + off, rest - off * unit);
}

// What four outputs take from the input row that begins at `start`.
fn between(start: u32, left: vec4<u32>, right: vec4<u32>, weight: vec4<f32>) -> vec4<f32> {
  let a = left + start;
  let b = right + start;
  return mix(
    vec4<f32>(input[a.x], input[a.y], input[a.z], input[a.w]),
    vec4<f32>(input[b.x], input[b.y], input[b.z], input[b.w]),
    weight,
  );
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
  let quads = params.width * params.channels / 4u;
  let segment = index / quads;
  let quad = index - segment * quads;
  let image = segment / params.segments;
  let first = (segment - image * params.segments) * ROWS;

  var column = 4u * quad / params.channels;
  var channel = 4u * quad - column * params.channels;
  var left: vec4<u32>;
  var right: vec4<u32>;
  var weightX: vec4<f32>;
  for (var k = 0u; k < 4u; k++) {
    let x = locate(column, params.inputWidth, params.width);
    weightX[k] = f32(x.rest) / f32(2u * params.width);
    left[k] = u32(max(x.low, 0)) * params.channels + channel;
    right[k] = u32(min(x.low + 1, i32(params.inputWidth) - 1)) * params.channels + channel;
    channel += 1u;
    if (channel == params.channels) {
      channel = 0u;
      column += 1u;
    }
  }
  let inputRow = params.inputWidth * params.channels;
  let inputImage = image * params.inputHeight * inputRow;
  let lastRow = i32(params.inputHeight) - 1;

  // What one output row further means for the position.
  let unit = 2 * i32(params.height);
  let stepLow = i32(params.inputHeight / params.height);
  let stepRest = 2 * i32(params.inputHeight) - stepLow * unit;
  var y = locate(first, params.inputHeight, params.height);
  // Next to no position: the first row loads both.
  var loaded = -3;
  var above = vec4<f32>(0.0);
  var below = above;
  var place = (image * params.height + first) * quads + quad;
  for (var row = first; row < min(first + ROWS, params.height); row++) {
    if (y.low != loaded) {
      let low = inputImage + u32(max(y.low, 0)) * inputRow;
      let high = inputImage + u32(min(y.low + 1, lastRow)) * inputRow;
      if (y.low == loaded + 1) {
        above = below;
      } else {
        above = between(low, left, right, weightX);
      }
      below = between(high, left, right, weightX);
      loaded = y.low;
    }
    output[place] = mix(above, below, f32(y.rest) / f32(unit));
    place += quads;
    y.low += stepLow;
    y.rest += stepRest;
    if (y.rest >= unit) {
      y.rest -= unit;
      y.low += 1;
    }
  }
}
