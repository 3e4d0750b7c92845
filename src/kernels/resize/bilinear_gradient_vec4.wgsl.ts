// Generated from bilinear_gradient_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 0229a1e1e2c2d4dad4c301df400733f9c084fa5c1c6ac4de48c550436fbfc0e5
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
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  height: u32,",
  "  width: u32,",
  "  channels: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> inputGradient: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "struct Position {",
  "  low: i32,",
  "  rest: u32,",
  "}",
  "",
  "fn locate(place: u32, inputSize: u32, size: u32) -> Position {",
  "  let scaled = (2u * place + 1u) * inputSize;",
  "  if (scaled < size) {",
  "    return Position(-1, scaled + size);",
  "  }",
  "  let low = (scaled - size) / (2u * size);",
  "  return Position(i32(low), scaled - size - low * 2u * size);",
  "}",
  "",
  "",
  "fn advance(position: Position, stepLow: u32, stepRest: u32, size: u32) -> Position {",
  "  let rest = position.rest + stepRest;",
  "  let low = position.low + i32(stepLow);",
  "  if (rest >= 2u * size) {",
  "    return Position(low + 1, rest - 2u * size);",
  "  }",
  "  return Position(low, rest);",
  "}",
  "",
  "",
  "fn weightOf(position: Position, source: u32, inputSize: u32, size: u32) -> f32 {",
  "  let weight = f32(position.rest) / f32(2u * size);",
  "  let low = max(position.low, 0);",
  "  let high = min(position.low + 1, i32(inputSize) - 1);",
  "  return select(0.0, 1.0 - weight, low == i32(source)) + select(0.0, weight, high == i32(source));",
  "}",
  "",
  "",
  "fn readers(source: u32, inputSize: u32, size: u32) -> vec2<u32> {",
  "  let below = (max(2u * source, 1u) - 1u) * size;",
  "  let first = (max(below, inputSize) - inputSize) / (2u * inputSize);",
  "  let end = min(((2u * source + 3u) * size) / (2u * inputSize) + 1u, size);",
  "  return vec2<u32>(select(first, 0u, source == 0u), select(end, size, source + 1u == inputSize));",
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
  "  let channel = index % params.channels;",
  "  let pixel = index / params.channels;",
  "  let column = pixel % params.inputWidth;",
  "  let row = pixel / params.inputWidth % params.inputHeight;",
  "  let image = pixel / (params.inputWidth * params.inputHeight) * params.height;",
  "  let columns = readers(column, params.inputWidth, params.width);",
  "  let rows = readers(row, params.inputHeight, params.height);",
  "  let stepRow = params.inputHeight / params.height;",
  "  let stepRowRest = 2u * (params.inputHeight - stepRow * params.height);",
  "  let stepColumn = params.inputWidth / params.width;",
  "  let stepColumnRest = 2u * (params.inputWidth - stepColumn * params.width);",
  "  let start = locate(columns.x, params.inputWidth, params.width);",
  "  var positionY = locate(rows.x, params.inputHeight, params.height);",
  "  var total = vec4<f32>(0.0);",
  "  for (var y = rows.x; y < rows.y; y++) {",
  "    let weightY = weightOf(positionY, row, params.inputHeight, params.height);",
  "    positionY = advance(positionY, stepRow, stepRowRest, params.height);",
  "    var place = ((image + y) * params.width + columns.x) * params.channels + channel;",
  "    var positionX = start;",
  "    for (var x = columns.x; x < columns.y; x++) {",
  "      let weightX = weightOf(positionX, column, params.inputWidth, params.width);",
  "      positionX = advance(positionX, stepColumn, stepColumnRest, params.width);",
  "      total += weightY * weightX * outputGradient[place];",
  "      place += params.channels;",
  "    }",
  "  }",
  "  inputGradient[index] = total;",
  "}",
  "",
].join('\n');

export const bilinearGradientVec4 = {
  source,
  "name": "resize/bilinear_gradient_vec4",
  "features": [],
  "bindings": {
    "outputGradient": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "inputGradient": {
      "index": 1,
      "access": "read_write",
      "element": "vec4<f32>"
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
