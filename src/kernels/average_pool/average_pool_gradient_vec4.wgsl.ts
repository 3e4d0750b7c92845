// Generated from average_pool_gradient_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 9cb9e6a7d4d78f6c72b0d80c92f238aea7c5de8e8c14e4d30147021f801ff1e8
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const STRIP: u32 = 4u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  columns: u32,",
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  outputHeight: u32,",
  "  outputWidth: u32,",
  "  kernelHeight: u32,",
  "  kernelWidth: u32,",
  "  strideY: u32,",
  "  strideX: u32,",
  "  padTop: u32,",
  "  padLeft: u32,",
  "  countPadding: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> inputGradient: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "fn firstWindow(position: u32, span: u32, stride: u32) -> u32 {",
  "  return (max(position + 1u, span) - span + stride - 1u) / stride;",
  "}",
  "",
  "",
  "fn inside(window: u32, span: u32, stride: u32, padding: u32, size: u32) -> u32 {",
  "  let first = window * stride;",
  "  return min(first + span - padding, size) - (max(first, padding) - padding);",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (id >= params.count) {",
  "    return;",
  "  }",
  "  let strips = (params.inputWidth + STRIP - 1u) / STRIP;",
  "  let column = id % params.columns;",
  "  let strip = id / params.columns;",
  "  let row = strip / strips;",
  "  let paddedY = row % params.inputHeight + params.padTop;",
  "  let image = row / params.inputHeight;",
  "  let firstX = (strip - row * strips) * STRIP;",
  "  let endX = min(firstX + STRIP, params.inputWidth);",
  "  let firstOutputY = firstWindow(paddedY, params.kernelHeight, params.strideY);",
  "  let endOutputY = min(paddedY / params.strideY + 1u, params.outputHeight);",
  "  let whole = params.kernelHeight * params.kernelWidth;",
  "  for (var x = firstX; x < endX; x++) {",
  "    let paddedX = x + params.padLeft;",
  "    let firstOutputX = firstWindow(paddedX, params.kernelWidth, params.strideX);",
  "    let endOutputX = min(paddedX / params.strideX + 1u, params.outputWidth);",
  "    var sum = vec4<f32>(0.0);",
  "    for (var outputY = firstOutputY; outputY < endOutputY; outputY++) {",
  "      let height = inside(outputY, params.kernelHeight, params.strideY, params.padTop, params.inputHeight);",
  "      let outputRow = (image * params.outputHeight + outputY) * params.outputWidth;",
  "      for (var outputX = firstOutputX; outputX < endOutputX; outputX++) {",
  "        let width = inside(outputX, params.kernelWidth, params.strideX, params.padLeft, params.inputWidth);",
  "        let pixels = select(height * width, whole, params.countPadding == 1u);",
  "        sum += outputGradient[(outputRow + outputX) * params.columns + column] / f32(pixels);",
  "      }",
  "    }",
  "    inputGradient[(row * params.inputWidth + x) * params.columns + column] = sum;",
  "  }",
  "}",
  "",
].join('\n');

export const averagePoolGradientVec4 = {
  source,
  "name": "average_pool/average_pool_gradient_vec4",
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
    "size": 64,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "columns": {
        "offset": 4,
        "type": "u32"
      },
      "inputHeight": {
        "offset": 8,
        "type": "u32"
      },
      "inputWidth": {
        "offset": 12,
        "type": "u32"
      },
      "outputHeight": {
        "offset": 16,
        "type": "u32"
      },
      "outputWidth": {
        "offset": 20,
        "type": "u32"
      },
      "kernelHeight": {
        "offset": 24,
        "type": "u32"
      },
      "kernelWidth": {
        "offset": 28,
        "type": "u32"
      },
      "strideY": {
        "offset": 32,
        "type": "u32"
      },
      "strideX": {
        "offset": 36,
        "type": "u32"
      },
      "padTop": {
        "offset": 40,
        "type": "u32"
      },
      "padLeft": {
        "offset": 44,
        "type": "u32"
      },
      "countPadding": {
        "offset": 48,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "STRIP": {
      "type": "u32",
      "value": 4
    }
  }
} as const satisfies KernelModule;
