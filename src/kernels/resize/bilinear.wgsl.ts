// Generated from bilinear.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 4df92e53ddcbd0eb9854cad6404935e60413dd5799684430e69b63d1e2aa06e7
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const ROWS: u32 = 8u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  height: u32,",
  "  width: u32,",
  "  channels: u32,",
  "  segments: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "struct Position {",
  "  low: i32,",
  "  rest: i32,",
  "}",
  "",
  "fn locate(place: u32, inputSize: u32, size: u32) -> Position {",
  "  let unit = 2 * i32(size);",
  "  let scaled = i32((2u * place + 1u) * inputSize) - i32(size);",
  "",
  "  let low = i32(floor(f32(scaled) / f32(unit)));",
  "  let rest = scaled - low * unit;",
  "  let off = select(0, 1, rest >= unit) - select(0, 1, rest < 0);",
  "  return Position(low + off, rest - off * unit);",
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
  "  let pixel = index / params.channels;",
  "  let channel = index - pixel * params.channels;",
  "  let segment = pixel / params.width;",
  "  let column = pixel - segment * params.width;",
  "  let image = segment / params.segments;",
  "  let first = (segment - image * params.segments) * ROWS;",
  "",
  "  let x = locate(column, params.inputWidth, params.width);",
  "  let weightX = f32(x.rest) / f32(2u * params.width);",
  "  let left = u32(max(x.low, 0)) * params.channels + channel;",
  "  let right = u32(min(x.low + 1, i32(params.inputWidth) - 1)) * params.channels + channel;",
  "  let inputRow = params.inputWidth * params.channels;",
  "  let inputImage = image * params.inputHeight * inputRow;",
  "  let lastRow = i32(params.inputHeight) - 1;",
  "",
  "",
  "  let unit = 2 * i32(params.height);",
  "  let stepLow = i32(params.inputHeight / params.height);",
  "  let stepRest = 2 * i32(params.inputHeight) - stepLow * unit;",
  "  var y = locate(first, params.inputHeight, params.height);",
  "",
  "  var loaded = -3;",
  "  var above = f32(0.0);",
  "  var below = above;",
  "  var place = ((image * params.height + first) * params.width + column) * params.channels + channel;",
  "  for (var row = first; row < min(first + ROWS, params.height); row++) {",
  "    if (y.low != loaded) {",
  "      let low = inputImage + u32(max(y.low, 0)) * inputRow;",
  "      let high = inputImage + u32(min(y.low + 1, lastRow)) * inputRow;",
  "      if (y.low == loaded + 1) {",
  "        above = below;",
  "      } else {",
  "        above = mix(input[low + left], input[low + right], weightX);",
  "      }",
  "      below = mix(input[high + left], input[high + right], weightX);",
  "      loaded = y.low;",
  "    }",
  "    output[place] = mix(above, below, f32(y.rest) / f32(unit));",
  "    place += params.width * params.channels;",
  "    y.low += stepLow;",
  "    y.rest += stepRest;",
  "    if (y.rest >= unit) {",
  "      y.rest -= unit;",
  "      y.low += 1;",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const bilinear = {
  source,
  "name": "resize/bilinear",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "output": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 2,
    "size": 32,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "inputHeight": {
        "offset": 4,
        "type": "u32"
      },
      "inputWidth": {
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
      "channels": {
        "offset": 20,
        "type": "u32"
      },
      "segments": {
        "offset": 24,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "ROWS": {
      "type": "u32",
      "value": 8
    }
  }
} as const satisfies KernelModule;
