// Average pooling, one channel at a time (any C).
//   output[n,y,x,c] = (sum over the window's pixels inside the image of input[n, y * strideY - padTop + ky, ..., c]) / pixels
// where `pixels` is the whole window's number when countPadding is 1, and that of those inside the image when it is 0.
// input [N,H,W,C], output [N,OH,OW,C]. One invocation computes STRIP neighbouring outputs of a row, `columns` = C invocations
// the channels of a pixel. Reads every input about once from memory, writes 4 bytes an output with `=`.

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

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

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
  let strips = (params.outputWidth + STRIP - 1u) / STRIP;
  let column = id % params.columns;
  let strip = id / params.columns;
  let row = strip / strips;
  let image = row / params.outputHeight;
  let paddedY = (row % params.outputHeight) * params.strideY;
  let firstY = max(paddedY, params.padTop) - params.padTop;
  let endY = min(paddedY + params.kernelHeight - params.padTop, params.inputHeight);
  let firstX = (strip - row * strips) * STRIP;
  let endX = min(firstX + STRIP, params.outputWidth);
  for (var x = firstX; x < endX; x++) {
    let paddedX = x * params.strideX;
    let firstInputX = max(paddedX, params.padLeft) - params.padLeft;
    let endInputX = min(paddedX + params.kernelWidth - params.padLeft, params.inputWidth);
    var sum = f32(0.0);
    for (var inputY = firstY; inputY < endY; inputY++) {
      let inputRow = (image * params.inputHeight + inputY) * params.inputWidth;
      for (var inputX = firstInputX; inputX < endInputX; inputX++) {
        sum += input[(inputRow + inputX) * params.columns + column];
      }
    }
    let inside = (endY - firstY) * (endInputX - firstInputX);
    let pixels = select(inside, params.kernelHeight * params.kernelWidth, params.countPadding == 1u);
    output[(row * params.outputWidth + x) * params.columns + column] = sum / f32(pixels);
  }
}
