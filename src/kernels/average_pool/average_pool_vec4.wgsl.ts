// Generated from average_pool_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: d0da8010dd78ab34ac0b6eb974631a3e2318e929ccf484564ec780e9677f87e9
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
  "const KERNEL_HEIGHT: u32 = 3u;",
  "const KERNEL_WIDTH: u32 = 3u;",
  "const STRIDE_Y: u32 = 1u;",
  "const STRIDE_X: u32 = 1u;",
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
  "  countPadding: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "fn columnSum(image: u32, top: i32, x: i32, column: u32) -> vec4<f32> {",
  "  let height = i32(params.inputHeight);",
  "  let width = i32(params.inputWidth);",
  "  let stride = params.inputWidth * params.columns;",
  "  let start = image * params.inputHeight * stride + u32(clamp(x, 0, width - 1)) * params.columns + column;",
  "  var sum = vec4<f32>(0.0);",
  "  for (var ky = 0u; ky < KERNEL_HEIGHT; ky++) {",
  "    let y = top + i32(ky);",
  "    let value = input[start + u32(clamp(y, 0, height - 1)) * stride];",
  "    sum += select(vec4<f32>(0.0), value, y >= 0 && y < height);",
  "  }",
  "  return select(vec4<f32>(0.0), sum, x >= 0 && x < width);",
  "}",
  "",
  "",
  "fn inside(first: i32, span: u32, size: u32) -> i32 {",
  "  return min(first + i32(span), i32(size)) - max(first, 0);",
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
  "  let rows = inside(top, KERNEL_HEIGHT, params.inputHeight);",
  "",
  "  var sums: array<vec4<f32>, KERNEL_WIDTH>;",
  "  for (var kx = 0u; kx < OVERLAP; kx++) {",
  "    sums[STRIDE_X + kx] = columnSum(image, top, i32(firstX * STRIDE_X + kx) - i32(params.padLeft), column);",
  "  }",
  "  for (var x = firstX; x < endX; x++) {",
  "    let left = i32(x * STRIDE_X) - i32(params.padLeft);",
  "    for (var kx = 0u; kx < OVERLAP; kx++) {",
  "      sums[kx] = sums[STRIDE_X + kx];",
  "    }",
  "    for (var kx = OVERLAP; kx < KERNEL_WIDTH; kx++) {",
  "      sums[kx] = columnSum(image, top, left + i32(kx), column);",
  "    }",
  "    var sum = sums[0];",
  "    for (var kx = 1u; kx < KERNEL_WIDTH; kx++) {",
  "      sum += sums[kx];",
  "    }",
  "    let pixels = select(",
  "      f32(rows * inside(left, KERNEL_WIDTH, params.inputWidth)),",
  "      f32(KERNEL_HEIGHT * KERNEL_WIDTH),",
  "      params.countPadding == 1u,",
  "    );",
  "    output[(row * params.outputWidth + x) * params.columns + column] = sum / pixels;",
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
      },
      "countPadding": {
        "offset": 36,
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
      "value": 1
    },
    "STRIDE_X": {
      "type": "u32",
      "value": 1
    }
  }
} as const satisfies KernelModule;
