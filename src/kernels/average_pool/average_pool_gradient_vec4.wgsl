// Gradient of average pooling, four channels at a time (C is a multiple of 4): every input gathers from the windows that hold it.
//   inputGradient[n,y,x,c] = sum over the windows that hold (y,x) of outputGradient[n,oy,ox,c] / pixels(oy,ox)
// with `pixels` as in the forward kernel. outputGradient [N,OH,OW,C], inputGradient [N,H,W,C]. One invocation computes STRIP
// neighbouring inputs of a row in a fixed order, without atomics. Reads every output's gradient about once from memory, writes
// 4 bytes an input with `=`.

const WORKGROUP: u32 = 64u;
const STRIP: u32 = 4u;

struct Params {
  count: u32,
  columns: u32,
  inputHeight: u32,
  inputWidth: u32,
  outputHeight: u32,
  outputWidth: u32,
  kernelHeight: u32,
  kernelWidth: u32,
  strideY: u32,
  strideX: u32,
  padTop: u32,
  padLeft: u32,
  countPadding: u32,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> inputGradient: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

// The first of the windows along an axis that reach a padded position.
fn firstWindow(position: u32, span: u32, stride: u32) -> u32 {
  return (max(position + 1u, span) - span + stride - 1u) / stride;
}

// How many of a window's positions along an axis lie inside the image.
fn inside(window: u32, span: u32, stride: u32, padding: u32, size: u32) -> u32 {
  let first = window * stride;
  return min(first + span - padding, size) - (max(first, padding) - padding);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (id >= params.count) {
    return;
  }
  let strips = (params.inputWidth + STRIP - 1u) / STRIP;
  let column = id % params.columns;
  let strip = id / params.columns;
  let row = strip / strips;
  let paddedY = row % params.inputHeight + params.padTop;
  let image = row / params.inputHeight;
  let firstX = (strip - row * strips) * STRIP;
  let endX = min(firstX + STRIP, params.inputWidth);
  let firstOutputY = firstWindow(paddedY, params.kernelHeight, params.strideY);
  let endOutputY = min(paddedY / params.strideY + 1u, params.outputHeight);
  let whole = params.kernelHeight * params.kernelWidth;
  for (var x = firstX; x < endX; x++) {
    let paddedX = x + params.padLeft;
    let firstOutputX = firstWindow(paddedX, params.kernelWidth, params.strideX);
    let endOutputX = min(paddedX / params.strideX + 1u, params.outputWidth);
    var sum = vec4<f32>(0.0);
    for (var outputY = firstOutputY; outputY < endOutputY; outputY++) {
      let height = inside(outputY, params.kernelHeight, params.strideY, params.padTop, params.inputHeight);
      let outputRow = (image * params.outputHeight + outputY) * params.outputWidth;
      for (var outputX = firstOutputX; outputX < endOutputX; outputX++) {
        let width = inside(outputX, params.kernelWidth, params.strideX, params.padLeft, params.inputWidth);
        let pixels = select(height * width, whole, params.countPadding == 1u);
        sum += outputGradient[(outputRow + outputX) * params.columns + column] / f32(pixels);
      }
    }
    inputGradient[(row * params.inputWidth + x) * params.columns + column] = sum;
  }
}
