// Generated from average_pool_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: b2f8e2dac8cc9feb9e3fbe38cdcb2fd64d5328fc464bfcfb51107a39beec34f0
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
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
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
  "  let strips = (params.outputWidth + STRIP - 1u) / STRIP;",
  "  let column = id % params.columns;",
  "  let strip = id / params.columns;",
  "  let row = strip / strips;",
  "  let image = row / params.outputHeight;",
  "  let paddedY = (row % params.outputHeight) * params.strideY;",
  "  let firstY = max(paddedY, params.padTop) - params.padTop;",
  "  let endY = min(paddedY + params.kernelHeight - params.padTop, params.inputHeight);",
  "  let firstX = (strip - row * strips) * STRIP;",
  "  let endX = min(firstX + STRIP, params.outputWidth);",
  "  for (var x = firstX; x < endX; x++) {",
  "    let paddedX = x * params.strideX;",
  "    let firstInputX = max(paddedX, params.padLeft) - params.padLeft;",
  "    let endInputX = min(paddedX + params.kernelWidth - params.padLeft, params.inputWidth);",
  "    var sum = vec4<f32>(0.0);",
  "    for (var inputY = firstY; inputY < endY; inputY++) {",
  "      let inputRow = (image * params.inputHeight + inputY) * params.inputWidth;",
  "      for (var inputX = firstInputX; inputX < endInputX; inputX++) {",
  "        sum += input[(inputRow + inputX) * params.columns + column];",
  "      }",
  "    }",
  "    let inside = (endY - firstY) * (endInputX - firstInputX);",
  "    let pixels = select(inside, params.kernelHeight * params.kernelWidth, params.countPadding == 1u);",
  "    output[(row * params.outputWidth + x) * params.columns + column] = sum / f32(pixels);",
  "  }",
  "}",
  "",
].join('\n');

export const averagePoolVec4 = {
  source,
  "name": "average_pool/average_pool_vec4",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "output": {
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
