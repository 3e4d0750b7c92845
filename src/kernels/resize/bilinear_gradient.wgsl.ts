// Generated from bilinear_gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 601bf2384c674ec7a9ff6cc697fe627e65e45850fe2acbf22eef36448cbc452d
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
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
  "@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> inputGradient: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "fn weightOf(place: u32, source: u32, inputSize: u32, size: u32) -> f32 {",
  "  let scaled = max((2u * place + 1u) * inputSize, size) - size;",
  "  let low = scaled / (2u * size);",
  "  let weight = f32(scaled - low * 2u * size) / f32(2u * size);",
  "  return select(0.0, 1.0 - weight, low == source) + select(0.0, weight, min(low + 1u, inputSize - 1u) == source);",
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
  "  var total = 0.0;",
  "  for (var y = rows.x; y < rows.y; y++) {",
  "    var rowTotal = 0.0;",
  "    for (var x = columns.x; x < columns.y; x++) {",
  "      let place = ((image + y) * params.width + x) * params.channels + channel;",
  "      rowTotal += weightOf(x, column, params.inputWidth, params.width) * outputGradient[place];",
  "    }",
  "    total += weightOf(y, row, params.inputHeight, params.height) * rowTotal;",
  "  }",
  "  inputGradient[index] = total;",
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
