// Generated from bilinear_gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 588b6bf602e73dd5c03b95c72a6dbb1014a5a631e4dd46aa6380ae1762dc03e4
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
  "",
  "const WORKGROUP: u32 = 64u;",
  "const ROWS: u32 = 1u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  height: u32,",
  "  width: u32,",
  "  channels: u32,",
  "  segments: u32,",
  "  stepRow: u32,",
  "  stepRowRest: u32,",
  "  stepColumn: u32,",
  "  stepColumnRest: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> inputGradient: array<f32>;",
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
  "  let pixel = index / params.channels;",
  "  let channel = index - pixel * params.channels;",
  "  let segment = pixel / params.inputWidth;",
  "  let column = pixel - segment * params.inputWidth;",
  "  let image = segment / params.segments;",
  "  let first = (segment - image * params.segments) * ROWS;",
  "  let end = min(first + ROWS, params.inputHeight);",
  "",
  "  let columns = readers(column, params.inputWidth, params.width);",
  "  let start = locate(columns.x, params.inputWidth, params.width);",
  "  let firstY = readers(first, params.inputHeight, params.height).x;",
  "  let endY = readers(end - 1u, params.inputHeight, params.height).y;",
  "  var y = locate(firstY, params.inputHeight, params.height);",
  "  var place = ((image * params.height + firstY) * params.width + columns.x) * params.channels + channel;",
  "",
  "  var row = i32(first) - 1;",
  "  var above = 0.0;",
  "  var below = 0.0;",
  "  let inputRow = params.inputWidth * params.channels;",
  "  let origin = (image * params.inputHeight * params.inputWidth + column) * params.channels + channel;",
  "  for (var outputRow = firstY; outputRow < endY; outputRow++) {",
  "    var sum = 0.0;",
  "    var x = start;",
  "    var element = place;",
  "    for (var k = columns.x; k < columns.y; k++) {",
  "      sum += weightOf(x, column, params.inputWidth, params.width) * outputGradient[element];",
  "      x = advance(x, params.stepColumn, params.stepColumnRest, params.width);",
  "      element += params.channels;",
  "    }",
  "    place += params.width * params.channels;",
  "",
  "",
  "    for (; row < min(max(y.low, 0), i32(end)); row++) {",
  "      if (row >= i32(first)) {",
  "        inputGradient[origin + u32(row) * inputRow] = above;",
  "      }",
  "      above = below;",
  "      below = 0.0;",
  "    }",
  "",
  "    sum = select(sum, 0.0, row > max(y.low, 0));",
  "    let weight = f32(y.rest) / f32(2u * params.height);",
  "",
  "    let single = y.low < 0 || y.low + 1 == i32(params.inputHeight);",
  "    above += select(1.0 - weight, 1.0, single) * sum;",
  "    below += select(weight, 0.0, single) * sum;",
  "    y = advance(y, params.stepRow, params.stepRowRest, params.height);",
  "  }",
  "  for (; row < i32(end); row++) {",
  "    if (row >= i32(first)) {",
  "      inputGradient[origin + u32(row) * inputRow] = above;",
  "    }",
  "    above = below;",
  "    below = 0.0;",
  "  }",
  "}",
  "",
].join('\n');

export const bilinearGradient = {
  source,
  "name": "resize/bilinear_gradient",
  "features": [],
  "bindings": {
    "outputGradient": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "inputGradient": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 2,
    "size": 48,
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
      },
      "stepRow": {
        "offset": 28,
        "type": "u32"
      },
      "stepRowRest": {
        "offset": 32,
        "type": "u32"
      },
      "stepColumn": {
        "offset": 36,
        "type": "u32"
      },
      "stepColumnRest": {
        "offset": 40,
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
      "value": 1
    }
  }
} as const satisfies KernelModule;
