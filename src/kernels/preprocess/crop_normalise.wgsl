// Cuts, mirrors and normalises images of bytes.
//   output[n, y, x, c] = pixel[n, top + y, left + (flip ? width - 1 - x : x), c] * factor[c] + offset[c]
// with factor = 1 / (255 std) and offset = -mean / std. Pixels: bytes [N, imageHeight, imageWidth, 3], four to a u32, the
// first in the lowest bits. Of each image: placement [N,3] = top, left, flip. Of each channel: normalisation [3] =
// factor, offset. One invocation writes four neighbouring elements of output [N, height, width, 3] (a vec4); `count` is in
// vec4s, rounded up. Reads 1 byte and writes 4 an element, 2 flops. Writes with `=`.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  imageHeight: u32,
  imageWidth: u32,
  height: u32,
  width: u32,
  lastImage: u32,
}

@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<storage, read> placement: array<u32>;
@group(0) @binding(2) var<storage, read> normalisation: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> params: Params;

fn normalised(element: u32) -> f32 {
  let channel = element % 3u;
  let pixel = element / 3u;
  let column = pixel % params.width;
  let row = pixel / params.width % params.height;
  // The padding behind the last element must not lead outside the other tensors.
  let image = min(pixel / (params.width * params.height), params.lastImage);
  let mirrored = select(column, params.width - 1u - column, placement[3u * image + 2u] != 0u);
  let imageRow = image * params.imageHeight + placement[3u * image] + row;
  let byte = 3u * (imageRow * params.imageWidth + placement[3u * image + 1u] + mirrored) + channel;
  let value = (images[byte / 4u] >> (8u * (byte % 4u))) & 255u;
  return f32(value) * normalisation[channel].x + normalisation[channel].y;
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
  let first = 4u * index;
  output[index] = vec4<f32>(
    normalised(first),
    normalised(first + 1u),
    normalised(first + 2u),
    normalised(first + 3u),
  );
}
