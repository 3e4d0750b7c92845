// Generated from max_pool_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 192ed6f0b08a89817a1a24c374f99dea5cf71ef7853e95b5ac35eef1b3181206
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
  "const STRIP: u32 = 4u;",
  "const NONE: u32 = 0xffffffffu;",
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
  "  lowest: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read_write> indices: array<u32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
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
  "  let y = row % params.outputHeight;",
  "  let image = row / params.outputHeight;",
  "  let firstX = (strip - row * strips) * STRIP;",
  "  let endX = min(firstX + STRIP, params.outputWidth);",
  "  for (var x = firstX; x < endX; x++) {",
  "    var best = vec4<f32>(params.lowest);",
  "    var place = vec4<u32>(NONE);",
  "    var found = false;",
  "    for (var ky = 0u; ky < params.kernelHeight; ky++) {",
  "",
  "      let inputY = y * params.strideY + ky * params.dilationY - params.padTop;",
  "      if (inputY >= params.inputHeight) {",
  "        continue;",
  "      }",
  "      let inputRow = (image * params.inputHeight + inputY) * params.inputWidth;",
  "      for (var kx = 0u; kx < params.kernelWidth; kx++) {",
  "        let inputX = x * params.strideX + kx * params.dilationX - params.padLeft;",
  "        if (inputX >= params.inputWidth) {",
  "          continue;",
  "        }",
  "        let value = input[(inputRow + inputX) * params.columns + column];",
  "        let isNan = (bitcast<vec4<u32>>(value) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);",
  "        let better = (value > best) | isNan | vec4<bool>(!found);",
  "        best = select(best, value, better);",
  "        place = select(place, vec4<u32>(ky * params.kernelWidth + kx), better);",
  "        found = true;",
  "      }",
  "    }",
  "    let index = (row * params.outputWidth + x) * params.columns + column;",
  "    output[index] = best;",
  "    let bytes = place & vec4<u32>(255u);",
  "    indices[index] = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);",
  "  }",
  "}",
  "",
].join('\n');

export const maxPoolVec4 = {
  source,
  "name": "max_pool/max_pool_vec4",
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
    },
    "indices": {
      "index": 2,
      "access": "read_write",
      "element": "u32"
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
      },
      "lowest": {
        "offset": 56,
        "type": "f32"
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
