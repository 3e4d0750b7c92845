// Generated from gather_naive.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: e811ed7965dc4eb4d82065f7ad90271298451d98a14824de4b46d0d2770078ca
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
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const RELU: u32 = 0u;",
  "",
  "struct Params {",
  "",
  "  rows: u32,",
  "  columns: u32,",
  "  columnTiles: u32,",
  "  run: u32,",
  "",
  "  matrices: u32,",
  "  matrixTiles: u32,",
  "  matrixWeights: u32,",
  "  tapRows: u32,",
  "  tapColumns: u32,",
  "",
  "  gridHeight: u32,",
  "  gridWidth: u32,",
  "  outputHeight: u32,",
  "  outputWidth: u32,",
  "  firstY: u32,",
  "  firstX: u32,",
  "  spacingY: u32,",
  "  spacingX: u32,",
  "",
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  channels: u32,",
  "  scaleY: i32,",
  "  scaleX: i32,",
  "  offsetY: i32,",
  "  offsetX: i32,",
  "  tapStepY: i32,",
  "  tapStepX: i32,",
  "",
  "  weightFirst: u32,",
  "  weightStepY: u32,",
  "  weightStepX: u32,",
  "  hasBias: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read> weight: array<f32>;",
  "@group(0) @binding(2) var<storage, read> bias: array<f32>;",
  "@group(0) @binding(3) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
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
  "  let matrix = index / params.columns / params.rows;",
  "  if (matrix >= params.matrices) {",
  "    return;",
  "  }",
  "  let j = row % params.gridWidth;",
  "  let i = row / params.gridWidth % params.gridHeight;",
  "  let images = params.rows / params.gridWidth / params.gridHeight;",
  "  let n = row / params.gridWidth / params.gridHeight + matrix * images;",
  "  let weightFirst = params.weightFirst + matrix * params.matrixWeights;",
  "  var sum = 0.0;",
  "  for (var ty = 0u; ty < params.tapRows; ty++) {",
  "    let y = i32(i) * params.scaleY + params.offsetY + i32(ty) * params.tapStepY;",
  "    if (y < 0 || y >= i32(params.inputHeight)) {",
  "      continue;",
  "    }",
  "    for (var tx = 0u; tx < params.tapColumns; tx++) {",
  "      let x0 = i32(j) * params.scaleX + params.offsetX + i32(tx) * params.tapStepX;",
  "      let weightRow = weightFirst + ty * params.weightStepY + tx * params.weightStepX;",
  "      for (var term = 0u; term < params.run; term++) {",
  "        let x = x0 + i32(term / params.channels);",
  "        if (x >= 0 && x < i32(params.inputWidth)) {",
  "          let pixel = (n * params.inputHeight + u32(y)) * params.inputWidth + u32(x);",
  "          let value = input[pixel * params.channels + term % params.channels];",
  "          sum = fma(value, weight[(weightRow + term) * params.columns + column], sum);",
  "        }",
  "      }",
  "    }",
  "  }",
  "  if (params.hasBias == 1u) {",
  "    sum += bias[column];",
  "  }",
  "  if (RELU == 1u) {",
  "    sum = select(sum, 0.0, sum < 0.0);",
  "  }",
  "  let y = i * params.spacingY + params.firstY;",
  "  let x = j * params.spacingX + params.firstX;",
  "  let place = (n * params.outputHeight + y) * params.outputWidth + x;",
  "  output[place * params.columns + column] = sum;",
  "}",
  "",
].join('\n');

export const gatherNaive = {
  source,
  "name": "matmul/gather_naive",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "weight": {
      "index": 1,
      "access": "read",
      "element": "f32"
    },
    "bias": {
      "index": 2,
      "access": "read",
      "element": "f32"
    },
    "output": {
      "index": 3,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 4,
    "size": 128,
    "fields": {
      "rows": {
        "offset": 0,
        "type": "u32"
      },
      "columns": {
        "offset": 4,
        "type": "u32"
      },
      "columnTiles": {
        "offset": 8,
        "type": "u32"
      },
      "run": {
        "offset": 12,
        "type": "u32"
      },
      "matrices": {
        "offset": 16,
        "type": "u32"
      },
      "matrixTiles": {
        "offset": 20,
        "type": "u32"
      },
      "matrixWeights": {
        "offset": 24,
        "type": "u32"
      },
      "tapRows": {
        "offset": 28,
        "type": "u32"
      },
      "tapColumns": {
        "offset": 32,
        "type": "u32"
      },
      "gridHeight": {
        "offset": 36,
        "type": "u32"
      },
      "gridWidth": {
        "offset": 40,
        "type": "u32"
      },
      "outputHeight": {
        "offset": 44,
        "type": "u32"
      },
      "outputWidth": {
        "offset": 48,
        "type": "u32"
      },
      "firstY": {
        "offset": 52,
        "type": "u32"
      },
      "firstX": {
        "offset": 56,
        "type": "u32"
      },
      "spacingY": {
        "offset": 60,
        "type": "u32"
      },
      "spacingX": {
        "offset": 64,
        "type": "u32"
      },
      "inputHeight": {
        "offset": 68,
        "type": "u32"
      },
      "inputWidth": {
        "offset": 72,
        "type": "u32"
      },
      "channels": {
        "offset": 76,
        "type": "u32"
      },
      "scaleY": {
        "offset": 80,
        "type": "i32"
      },
      "scaleX": {
        "offset": 84,
        "type": "i32"
      },
      "offsetY": {
        "offset": 88,
        "type": "i32"
      },
      "offsetX": {
        "offset": 92,
        "type": "i32"
      },
      "tapStepY": {
        "offset": 96,
        "type": "i32"
      },
      "tapStepX": {
        "offset": 100,
        "type": "i32"
      },
      "weightFirst": {
        "offset": 104,
        "type": "u32"
      },
      "weightStepY": {
        "offset": 108,
        "type": "u32"
      },
      "weightStepX": {
        "offset": 112,
        "type": "u32"
      },
      "hasBias": {
        "offset": 116,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "RELU": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
