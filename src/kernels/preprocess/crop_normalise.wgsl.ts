// Generated from crop_normalise.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 7ad1c5f6331e1894b8338c1293350ec4edfe41de8b50e80555ad67917b904752
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  imageHeight: u32,",
  "  imageWidth: u32,",
  "  height: u32,",
  "  width: u32,",
  "  lastImage: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> images: array<u32>;",
  "@group(0) @binding(1) var<storage, read> placement: array<u32>;",
  "@group(0) @binding(2) var<storage, read> normalisation: array<vec2<f32>>;",
  "@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
  "",
  "fn normalised(element: u32) -> f32 {",
  "  let channel = element % 3u;",
  "  let pixel = element / 3u;",
  "  let column = pixel % params.width;",
  "  let row = pixel / params.width % params.height;",
  "",
  "  let image = min(pixel / (params.width * params.height), params.lastImage);",
  "  let mirrored = select(column, params.width - 1u - column, placement[3u * image + 2u] != 0u);",
  "  let imageRow = image * params.imageHeight + placement[3u * image] + row;",
  "  let byte = 3u * (imageRow * params.imageWidth + placement[3u * image + 1u] + mirrored) + channel;",
  "  let value = (images[byte / 4u] >> (8u * (byte % 4u))) & 255u;",
  "  return f32(value) * normalisation[channel].x + normalisation[channel].y;",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (index >= params.count) {",
  "    return;",
  "  }",
  "  let first = 4u * index;",
  "  output[index] = vec4<f32>(",
  "    normalised(first),",
  "    normalised(first + 1u),",
  "    normalised(first + 2u),",
  "    normalised(first + 3u),",
  "  );",
  "}",
  "",
].join('\n');

export const cropNormalise = {
  source,
  "name": "preprocess/crop_normalise",
  "features": [],
  "bindings": {
    "images": {
      "index": 0,
      "access": "read",
      "element": "u32"
    },
    "placement": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "normalisation": {
      "index": 2,
      "access": "read",
      "element": "vec2<f32>"
    },
    "output": {
      "index": 3,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 4,
    "size": 32,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "imageHeight": {
        "offset": 4,
        "type": "u32"
      },
      "imageWidth": {
        "offset": 8,
        "type": "u32"
      },
      "height": {
        "offset": 12,
        "type": "u32"
      },
      "width": {
        "offset": 16,
        "type": "u32"
      },
      "lastImage": {
        "offset": 20,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    }
  }
} as const satisfies KernelModule;
