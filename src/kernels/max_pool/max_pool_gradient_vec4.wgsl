// Gradient of max pooling, four channels at a time (see max_pool_vec4.wgsl): every input gathers from the windows that hold it.
//   inputGradient[n,y,x,c] = sum over the windows that hold (y,x) of outputGradient[n,oy,ox,c] where indices say (y,x)
// outputGradient [N,OH,OW,C], indices [N,OH,OW,C/4] a byte a channel, inputGradient [N,H,W,C]; columns = C / 4.
// The padded image is cut into blocks of STRIDE_Y x STRIDE_X pixels: all pixels of a block are in the same windows, each at a place
// known when the kernel is compiled. One invocation walks the windows over `strip` neighbouring blocks of a row, adds each one's
// gradient to its pixels' running sums, and writes a block when the last window that reaches it has passed. Sums run in a fixed order, without atomics. Moves 5 bytes an output and 4 an input. Writes with `=`.

const WORKGROUP: u32 = 64u;
const KERNEL_HEIGHT: u32 = 3u;
const KERNEL_WIDTH: u32 = 3u;
const STRIDE_Y: u32 = 2u;
const STRIDE_X: u32 = 2u;
// Windows along each axis that reach a block.
const WINDOWS_Y: u32 = (KERNEL_HEIGHT + STRIDE_Y - 1u) / STRIDE_Y;
const WINDOWS_X: u32 = (KERNEL_WIDTH + STRIDE_X - 1u) / STRIDE_X;
// Running sums: the block's rows by the window's columns.
const SPAN: u32 = max(KERNEL_WIDTH, STRIDE_X);
const SUMS: u32 = STRIDE_Y * SPAN;

struct Params {
  count: u32,
  columns: u32,
  inputHeight: u32,
  inputWidth: u32,
  outputHeight: u32,
  outputWidth: u32,
  padTop: u32,
  padLeft: u32,
  strip: u32,
  firstBlockY: u32,
  firstBlockX: u32,
  blocksY: u32,
  blocksX: u32,
}

struct Window {
  gradient: vec4<f32>,
  place: vec4<u32>,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> inputGradient: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

// A window outside the output gives nothing: no place matches.
fn load(image: u32, y: u32, x: u32, column: u32) -> Window {
  let inside = (y < params.outputHeight) & (x < params.outputWidth);
  let pixel = (image * params.outputHeight + y) * params.outputWidth + x;
  let index = select(0u, pixel, inside) * params.columns + column;
  let bytes = vec4<u32>(select(0xffffffffu, indices[index], inside)) >> vec4<u32>(0u, 8u, 16u, 24u);
  return Window(outputGradient[index], bytes & vec4<u32>(255u));
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
  let strips = (params.blocksX + params.strip - 1u) / params.strip;
  let column = id % params.columns;
  let part = id / params.columns;
  let row = part / strips;
  let image = row / params.blocksY;
  let blockY = row - image * params.blocksY + params.firstBlockY;
  let firstX = (part - row * strips) * params.strip + params.firstBlockX;
  let endX = min(firstX + params.strip, params.firstBlockX + params.blocksX);

  // sums[sy * SPAN + kx] is that of the pixel at (sy, kx) from the upper left corner of the block of output x.
  var sums: array<vec4<f32>, SUMS>;
  for (var step = 0u; step < endX - firstX + WINDOWS_X - 1u; step++) {
    // Left of the output this wraps to a large number.
    let blockX = firstX + step - (WINDOWS_X - 1u);
    for (var wy = 0u; wy < WINDOWS_Y; wy++) {
      let window = load(image, blockY - wy, blockX, column);
      for (var sy = 0u; sy < STRIDE_Y; sy++) {
        let ky = wy * STRIDE_Y + sy;
        if (ky < KERNEL_HEIGHT) {
          for (var kx = 0u; kx < KERNEL_WIDTH; kx++) {
            let chosen = window.place == vec4<u32>(ky * KERNEL_WIDTH + kx);
            sums[sy * SPAN + kx] += select(vec4<f32>(0.0), window.gradient, chosen);
          }
        }
      }
    }
    for (var sy = 0u; sy < STRIDE_Y; sy++) {
      let y = blockY * STRIDE_Y + sy - params.padTop;
      for (var sx = 0u; sx < STRIDE_X; sx++) {
        let x = blockX * STRIDE_X + sx - params.padLeft;
        if (step >= WINDOWS_X - 1u && y < params.inputHeight && x < params.inputWidth) {
          let pixel = (image * params.inputHeight + y) * params.inputWidth + x;
          inputGradient[pixel * params.columns + column] = sums[sy * SPAN + sx];
        }
      }
      for (var kx = 0u; kx < SPAN; kx++) {
        if (kx + STRIDE_X < SPAN) {
          sums[sy * SPAN + kx] = sums[sy * SPAN + min(kx + STRIDE_X, SPAN - 1u)];
        } else {
          sums[sy * SPAN + kx] = vec4<f32>(0.0);
        }
      }
    }
  }
}
