// Generated from correlate_naive.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 8dcf3168634b397a6a91837f6f0670d486eebf662b9c5308ee0384985ce02e6a
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
  "",
  "  rows: u32,",
  "  columns: u32,",
  "  rowTiles: u32,",
  "  columnTiles: u32,",
  "",
  "  pixels: u32,",
  "  splitPixels: u32,",
  "  splits: u32,",
  "  outputHeight: u32,",
  "  outputWidth: u32,",
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  channels: u32,",
  "  kernelWidth: u32,",
  "  strideY: i32,",
  "  strideX: i32,",
  "  padTop: i32,",
  "  padLeft: i32,",
  "  dilationY: i32,",
  "  dilationX: i32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read> gradient: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let column = index % params.columns;",
  "  let row = index / params.columns % params.rows;",
  "  let split = index / params.columns / params.rows;",
  "  if (split >= params.splits) {",
  "    return;",
  "  }",
  "  let channel = row % params.channels;",
  "  let kx = row / params.channels % params.kernelWidth;",
  "  let ky = row / params.channels / params.kernelWidth;",
  "  let last = min((split + 1u) * params.splitPixels, params.pixels);",
  "  var sum = 0.0;",
  "  for (var pixel = split * params.splitPixels; pixel < last; pixel++) {",
  "    let j = pixel % params.outputWidth;",
  "    let i = pixel / params.outputWidth % params.outputHeight;",
  "    let n = pixel / params.outputWidth / params.outputHeight;",
  "    let y = i32(i) * params.strideY - params.padTop + i32(ky) * params.dilationY;",
  "    let x = i32(j) * params.strideX - params.padLeft + i32(kx) * params.dilationX;",
  "    if (y >= 0 && y < i32(params.inputHeight) && x >= 0 && x < i32(params.inputWidth)) {",
  "      let place = (n * params.inputHeight + u32(y)) * params.inputWidth + u32(x);",
  "      sum = fma(input[place * params.channels + channel], gradient[pixel * params.columns + column], sum);",
  "    }",
  "  }",
  "  output[index] = sum;",
  "}",
  "",
].join('\n');

export const correlateNaive = {
  source,
  "name": "matmul/correlate_naive",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "gradient": {
      "index": 1,
      "access": "read",
      "element": "f32"
    },
    "output": {
      "index": 2,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 3,
    "size": 80,
    "fields": {
      "rows": {
        "offset": 0,
        "type": "u32"
      },
      "columns": {
        "offset": 4,
        "type": "u32"
      },
      "rowTiles": {
        "offset": 8,
        "type": "u32"
      },
      "columnTiles": {
        "offset": 12,
        "type": "u32"
      },
      "pixels": {
        "offset": 16,
        "type": "u32"
      },
      "splitPixels": {
        "offset": 20,
        "type": "u32"
      },
      "splits": {
        "offset": 24,
        "type": "u32"
      },
      "outputHeight": {
        "offset": 28,
        "type": "u32"
      },
      "outputWidth": {
        "offset": 32,
        "type": "u32"
      },
      "inputHeight": {
        "offset": 36,
        "type": "u32"
      },
      "inputWidth": {
        "offset": 40,
        "type": "u32"
      },
      "channels": {
        "offset": 44,
        "type": "u32"
      },
      "kernelWidth": {
        "offset": 48,
        "type": "u32"
      },
      "strideY": {
        "offset": 52,
        "type": "i32"
      },
      "strideX": {
        "offset": 56,
        "type": "i32"
      },
      "padTop": {
        "offset": 60,
        "type": "i32"
      },
      "padLeft": {
        "offset": 64,
        "type": "i32"
      },
      "dilationY": {
        "offset": 68,
        "type": "i32"
      },
      "dilationX": {
        "offset": 72,
        "type": "i32"
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
