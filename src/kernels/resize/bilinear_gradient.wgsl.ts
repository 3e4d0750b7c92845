// Generated from bilinear_gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: c9e8209c5724c60e6a0fd07c6f6deb033316b78cc1125d4f9a5fdc358b4096d1
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
  "const COLUMNS: u32 = 1u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  height: u32,",
  "  width: u32,",
  "  channels: u32,",
  "  segments: u32,",
  "  strips: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> inputGradient: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "fn locate(place: u32, inputSize: u32, size: u32) -> i32 {",
  "  return i32((2u * place + 1u) * inputSize) - i32(size);",
  "}",
  "",
  "",
  "fn firstReader(source: u32, inputSize: u32, size: u32) -> u32 {",
  "  let behind = i32(2u * source * size) - i32(size) - i32(inputSize);",
  "  return select(u32(behind) / (2u * inputSize) + 1u, 0u, behind < 0);",
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
  "  let segment = pixel / params.strips;",
  "  let firstColumn = (pixel - segment * params.strips) * COLUMNS;",
  "  let image = segment / params.segments;",
  "  let first = (segment - image * params.segments) * ROWS;",
  "  let end = min(first + ROWS, params.inputHeight);",
  "",
  "  let unitX = 2 * i32(params.width);",
  "  let lastX = unitX * i32(params.inputWidth - 1u);",
  "  let originX = unitX * i32(firstColumn);",
  "  let beginX = firstReader(firstColumn, params.inputWidth, params.width);",
  "  let startX = locate(beginX, params.inputWidth, params.width);",
  "",
  "  let endX = select(",
  "    unitX * i32(firstColumn + COLUMNS),",
  "    locate(params.width, params.inputWidth, params.width),",
  "    firstColumn + COLUMNS >= params.inputWidth,",
  "  );",
  "",
  "  let unitY = 2 * i32(params.height);",
  "  var y = firstReader(first, params.inputHeight, params.height);",
  "  var positionY = locate(y, params.inputHeight, params.height);",
  "  var row = ((image * params.height + y) * params.width + beginX) * params.channels + channel;",
  "  var place = ((image * params.inputHeight + first) * params.inputWidth + firstColumn) * params.channels + channel;",
  "",
  "  var fromAbove = array<f32, COLUMNS>();",
  "",
  "  for (var below = first; below <= end; below++) {",
  "    let isLast = below == params.inputHeight;",
  "    let centre = unitY * i32(below);",
  "    var toAbove = array<f32, COLUMNS>();",
  "    var toBelow = array<f32, COLUMNS>();",
  "    for (; y < params.height && (isLast || positionY < centre); y++) {",
  "      var sums = array<f32, COLUMNS>();",
  "      var element = row;",
  "      for (var positionX = startX; positionX < endX; positionX += 2 * i32(params.inputWidth)) {",
  "        let value = outputGradient[element];",
  "        let x = clamp(positionX, 0, lastX) - originX;",
  "        for (var k = 0u; k < COLUMNS; k++) {",
  "          sums[k] += f32(max(unitX - abs(x - i32(k) * unitX), 0)) * value;",
  "        }",
  "        element += params.channels;",
  "      }",
  "",
  "      let weight = select(f32(positionY - centre + unitY) / f32(unitY), select(0.0, 1.0, below == 0u), isLast || below == 0u);",
  "      for (var k = 0u; k < COLUMNS; k++) {",
  "        let sum = sums[k] / f32(unitX);",
  "        toAbove[k] += (1.0 - weight) * sum;",
  "        toBelow[k] += weight * sum;",
  "      }",
  "      positionY += 2 * i32(params.inputHeight);",
  "      row += params.width * params.channels;",
  "    }",
  "    for (var k = 0u; k < COLUMNS; k++) {",
  "      if (below > first && firstColumn + k < params.inputWidth) {",
  "        inputGradient[place + k * params.channels] = fromAbove[k] + toAbove[k];",
  "      }",
  "      fromAbove[k] = toBelow[k];",
  "    }",
  "    if (below > first) {",
  "      place += params.inputWidth * params.channels;",
  "    }",
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
      },
      "strips": {
        "offset": 28,
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
    },
    "COLUMNS": {
      "type": "u32",
      "value": 1
    }
  }
} as const satisfies KernelModule;
