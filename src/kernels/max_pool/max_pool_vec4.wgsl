// Max pooling of four channels at a time: C is a multiple of 4 and the window has fewer than 255 pixels.
//   output[n,y,x,c] = max over the window's pixels inside the image of input[n, y * strideY - padTop + ky * dilationY, ..., c]
//   indices[n,y,x,c] = ky * kernelWidth + kx of the first maximum, rows first, as PyTorch; a NaN wins over any number and the
//   last NaN over the others (by its bits, because WGSL may assume that comparisons see none). A window that lies
//   outside the image altogether gives `lowest` (-infinity, which WGSL cannot write) and no index.
// input [N,H,W,C], output [N,OH,OW,C]; indices [N,OH,OW,C/4], a byte a channel, lowest first; 255 is none.
// One invocation computes STRIP neighbouring outputs of a row, `columns` = C / 4 invocations the channels of a pixel. Reads every
// input about once from memory, writes 5 bytes an output. Writes with `=`.

const WORKGROUP: u32 = 64u;
const STRIP: u32 = 4u;
const NONE: u32 = 0xffffffffu;

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
  dilationY: u32,
  dilationX: u32,
  lowest: f32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

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
  let y = row % params.outputHeight;
  let image = row / params.outputHeight;
  let firstX = (strip - row * strips) * STRIP;
  let endX = min(firstX + STRIP, params.outputWidth);
  for (var x = firstX; x < endX; x++) {
    var best = vec4<f32>(params.lowest);
    var place = vec4<u32>(NONE);
    var found = false;
    for (var ky = 0u; ky < params.kernelHeight; ky++) {
      // Above the image this wraps to a large number.
      let inputY = y * params.strideY + ky * params.dilationY - params.padTop;
      if (inputY >= params.inputHeight) {
        continue;
      }
      let inputRow = (image * params.inputHeight + inputY) * params.inputWidth;
      for (var kx = 0u; kx < params.kernelWidth; kx++) {
        let inputX = x * params.strideX + kx * params.dilationX - params.padLeft;
        if (inputX >= params.inputWidth) {
          continue;
        }
        let value = input[(inputRow + inputX) * params.columns + column];
        let isNan = (bitcast<vec4<u32>>(value) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
        let better = (value > best) | isNan | vec4<bool>(!found);
        best = select(best, value, better);
        place = select(place, vec4<u32>(ky * params.kernelWidth + kx), better);
        found = true;
      }
    }
    let index = (row * params.outputWidth + x) * params.columns + column;
    output[index] = best;
    let bytes = place & vec4<u32>(255u);
    indices[index] = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
  }
}
