// Generated from max_pool_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 0f7b853e2dafc1056586966e976883463aee22bf8c5fc6160c2cfbd7c1f8223a
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
  "",
  "const WORKGROUP: u32 = 64u;",
  "const KERNEL_HEIGHT: u32 = 3u;",
  "const KERNEL_WIDTH: u32 = 3u;",
  "const STRIDE_Y: u32 = 2u;",
  "const STRIDE_X: u32 = 2u;",
  "",
  "const OVERLAP: u32 = max(KERNEL_WIDTH, STRIDE_X) - STRIDE_X;",
  "",
  "struct Params {",
  "  count: u32,",
  "  columns: u32,",
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  outputHeight: u32,",
  "  outputWidth: u32,",
  "  padTop: u32,",
  "  padLeft: u32,",
  "  strip: u32,",
  "}",
  "",
  "",
  "struct Maximum {",
  "  value: vec4<f32>,",
  "  row: vec4<u32>,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read_write> indices: array<u32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "fn isNan(value: vec4<f32>) -> vec4<bool> {",
  "  return (bitcast<vec4<i32>>(value) & vec4<i32>(0x7fffffff)) > vec4<i32>(0x7f800000);",
  "}",
  "",
  "fn clampedX(x: i32) -> i32 {",
  "  return clamp(x, 0, i32(params.inputWidth) - 1);",
  "}",
  "",
  "fn columnMaximum(image: u32, top: i32, x: i32, column: u32) -> Maximum {",
  "  let stride = params.inputWidth * params.columns;",
  "  let start = image * params.inputHeight * stride + u32(clampedX(x)) * params.columns + column;",
  "  var best = Maximum();",
  "  for (var ky = 0u; ky < KERNEL_HEIGHT; ky++) {",
  "    let y = clamp(top + i32(ky), 0, i32(params.inputHeight) - 1);",
  "    let value = input[start + u32(y) * stride];",
  "    let better = (value > best.value) | isNan(value) | vec4<bool>(ky == 0u);",
  "    best.value = select(best.value, value, better);",
  "    best.row = select(best.row, vec4<u32>(u32(y - top)), better);",
  "  }",
  "  return best;",
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
  "  let strips = (params.outputWidth + params.strip - 1u) / params.strip;",
  "  let column = id % params.columns;",
  "  let part = id / params.columns;",
  "  let row = part / strips;",
  "  let image = row / params.outputHeight;",
  "  let top = i32((row - image * params.outputHeight) * STRIDE_Y) - i32(params.padTop);",
  "  let firstX = (part - row * strips) * params.strip;",
  "  let endX = min(firstX + params.strip, params.outputWidth);",
  "",
  "  var maxima: array<Maximum, KERNEL_WIDTH>;",
  "  for (var kx = 0u; kx < OVERLAP; kx++) {",
  "    maxima[STRIDE_X + kx] = columnMaximum(image, top, i32(firstX * STRIDE_X + kx) - i32(params.padLeft), column);",
  "  }",
  "  for (var x = firstX; x < endX; x++) {",
  "    let left = i32(x * STRIDE_X) - i32(params.padLeft);",
  "    for (var kx = 0u; kx < OVERLAP; kx++) {",
  "      maxima[kx] = maxima[STRIDE_X + kx];",
  "    }",
  "    for (var kx = OVERLAP; kx < KERNEL_WIDTH; kx++) {",
  "      maxima[kx] = columnMaximum(image, top, left + i32(kx), column);",
  "    }",
  "    var best = maxima[0].value;",
  "    var place = maxima[0].row * KERNEL_WIDTH + u32(clampedX(left) - left);",
  "    for (var kx = 1u; kx < KERNEL_WIDTH; kx++) {",
  "      let value = maxima[kx].value;",
  "      let valuePlace = maxima[kx].row * KERNEL_WIDTH + u32(clampedX(left + i32(kx)) - left);",
  "      let later = valuePlace > place;",
  "      let better = (value > best) | ((value == best) & !later) | (isNan(value) & (later | !isNan(best)));",
  "      best = select(best, value, better);",
  "      place = select(place, valuePlace, better);",
  "    }",
  "    let index = (row * params.outputWidth + x) * params.columns + column;",
  "    output[index] = best;",
  "    indices[index] = place.x | (place.y << 8u) | (place.z << 16u) | (place.w << 24u);",
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
    "size": 48,
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
      "padTop": {
        "offset": 24,
        "type": "u32"
      },
      "padLeft": {
        "offset": 28,
        "type": "u32"
      },
      "strip": {
        "offset": 32,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "KERNEL_HEIGHT": {
      "type": "u32",
      "value": 3
    },
    "KERNEL_WIDTH": {
      "type": "u32",
      "value": 3
    },
    "STRIDE_Y": {
      "type": "u32",
      "value": 2
    },
    "STRIDE_X": {
      "type": "u32",
      "value": 2
    }
  }
} as const satisfies KernelModule;
