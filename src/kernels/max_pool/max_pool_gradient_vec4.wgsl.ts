// Generated from max_pool_gradient_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: da6c95c7824b82f59209c93f70adcaace3e48a18d5277be85ad3e2ee44f5c504
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
  "  dilationY: u32,",
  "  dilationX: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> indices: array<u32>;",
  "@group(0) @binding(2) var<storage, read_write> inputGradient: array<vec4<f32>>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "",
  "fn firstWindow(position: u32, span: u32, stride: u32) -> u32 {",
  "  return (max(position + 1u, span) - span + stride - 1u) / stride;",
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
  "  let spanY = (params.kernelHeight - 1u) * params.dilationY + 1u;",
  "  let spanX = (params.kernelWidth - 1u) * params.dilationX + 1u;",
  "  let firstOutputY = firstWindow(paddedY, spanY, params.strideY);",
  "  let endOutputY = min(paddedY / params.strideY + 1u, params.outputHeight);",
  "  for (var x = firstX; x < endX; x++) {",
  "    let paddedX = x + params.padLeft;",
  "    let firstOutputX = firstWindow(paddedX, spanX, params.strideX);",
  "    let endOutputX = min(paddedX / params.strideX + 1u, params.outputWidth);",
  "    var sum = vec4<f32>(0.0);",
  "    for (var outputY = firstOutputY; outputY < endOutputY; outputY++) {",
  "      let offsetY = paddedY - outputY * params.strideY;",
  "      let outputRow = (image * params.outputHeight + outputY) * params.outputWidth;",
  "      for (var outputX = firstOutputX; outputX < endOutputX; outputX++) {",
  "        let offsetX = paddedX - outputX * params.strideX;",
  "        if (offsetY % params.dilationY != 0u || offsetX % params.dilationX != 0u) {",
  "          continue;",
  "        }",
  "        let place = (offsetY / params.dilationY) * params.kernelWidth + offsetX / params.dilationX;",
  "        let index = (outputRow + outputX) * params.columns + column;",
  "        let bytes = vec4<u32>(indices[index]) >> vec4<u32>(0u, 8u, 16u, 24u);",
  "        sum += select(vec4<f32>(0.0), outputGradient[index], (bytes & vec4<u32>(255u)) == vec4<u32>(place));",
  "      }",
  "    }",
  "    inputGradient[(row * params.inputWidth + x) * params.columns + column] = sum;",
  "  }",
  "}",
  "",
].join('\n');

export const maxPoolGradientVec4 = {
  source,
  "name": "max_pool/max_pool_gradient_vec4",
  "features": [],
  "bindings": {
    "outputGradient": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "indices": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "inputGradient": {
      "index": 2,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 3,
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
      "dilationY": {
        "offset": 48,
        "type": "u32"
      },
      "dilationX": {
        "offset": 52,
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
