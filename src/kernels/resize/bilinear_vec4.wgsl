// As bilinear.wgsl, for a multiple of four channels: `channels` and `count` are in vec4s.
// Bilinear resizing with half-pixel centres and clamped edges, without antialiasing.
//   output[n, y, x, c] = sum over the up to four pixels around the position (y + 0.5) * inputHeight / height - 0.5, ... of
//                        weight * input[n, ., ., c]
// input [N, inputHeight, inputWidth, channels], output [N, height, width, channels]. One invocation computes four
// neighbouring channels of the output. Positions are computed in whole numbers, so that the weights are exact to a rounding at any size.
// Reads and writes each element once at least: 4 bytes an element of both; 8 flops an output. Writes with `=`.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  inputHeight: u32,
  inputWidth: u32,
  height: u32,
  width: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

struct Position {
  low: u32,
  high: u32,
  weight: f32,
}

// The two input rows (or columns) around an output row, and the weight of the higher one.
fn locate(place: u32, inputSize: u32, size: u32) -> Position {
  let scaled = max((2u * place + 1u) * inputSize, size) - size;
  let low = scaled / (2u * size);
  let weight = f32(scaled - low * 2u * size) / f32(2u * size);
  return Position(low, min(low + 1u, inputSize - 1u), weight);
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
  let row = pixel / params.width;
  let x = locate(pixel % params.width, params.inputWidth, params.width);
  let y = locate(row % params.height, params.inputHeight, params.height);
  let image = row / params.height * params.inputHeight;
  let above = (image + y.low) * params.inputWidth;
  let below = (image + y.high) * params.inputWidth;
  let upper = mix(
    input[(above + x.low) * params.channels + channel],
    input[(above + x.high) * params.channels + channel],
    x.weight,
  );
  let lower = mix(
    input[(below + x.low) * params.channels + channel],
    input[(below + x.high) * params.channels + channel],
    x.weight,
  );
  output[index] = mix(upper, lower, y.weight);
}
