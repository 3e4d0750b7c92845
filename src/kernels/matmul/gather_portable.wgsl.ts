// Generated from gather_portable.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 56797ed860ee985eb77fc15dfada5c2fca187750d8001472cf464806bed44840
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
  "",
  "",
  "",
  "",
  "const TILE = 64u;",
  "const STEP = 8u;",
  "",
  "const OWN = 8u;",
  "const SIDE = 8u;",
  "const RELU: u32 = 0u;",
  "",
  "const OUTSIDE = 0x80000000u;",
  "const NOWHERE = 0xffffffffu;",
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
  "@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read> bias: array<vec4<f32>>;",
  "@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
  "",
  "",
  "var<workgroup> values: array<f32, STEP * TILE>;",
  "var<workgroup> factors: array<vec4<f32>, STEP * TILE / 4u>;",
  "",
  "",
  "struct Row {",
  "  y: i32,",
  "  x: i32,",
  "  image: u32,",
  "  place: u32,",
  "}",
  "",
  "fn rowAt(number: u32, matrix: u32) -> Row {",
  "  let inside = min(number, params.rows - 1u);",
  "  let j = inside % params.gridWidth;",
  "  let i = inside / params.gridWidth % params.gridHeight;",
  "  let images = params.rows / params.gridWidth / params.gridHeight;",
  "  let n = inside / params.gridWidth / params.gridHeight + matrix * images;",
  "  let y = i * params.spacingY + params.firstY;",
  "  let x = j * params.spacingX + params.firstX;",
  "  let place = (n * params.outputHeight + y) * params.outputWidth + x;",
  "  return Row(",
  "    i32(i) * params.scaleY + params.offsetY,",
  "    i32(j) * params.scaleX + params.offsetX,",
  "    n * params.inputHeight,",
  "    select(NOWHERE, place, number < params.rows),",
  "  );",
  "}",
  "",
  "",
  "fn runStart(row: Row, ty: u32, tx: u32) -> vec2<u32> {",
  "  let y = row.y + i32(ty) * params.tapStepY;",
  "  let x = row.x + i32(tx) * params.tapStepX;",
  "  let valid = y >= 0 && y < i32(params.inputHeight);",
  "  let start = (row.image + u32(y)) * params.inputWidth * params.channels;",
  "  return select(vec2<u32>(0u, OUTSIDE), vec2<u32>(start, u32(x * i32(params.channels))), valid);",
  "}",
  "",
  "@compute @workgroup_size(TILE)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let number = group.x + group.y * groups.x;",
  "  let matrix = number / params.matrixTiles;",
  "  let tile = number % params.matrixTiles;",
  "  let tileRow = tile / params.columnTiles * TILE;",
  "  if (matrix >= params.matrices) {",
  "    return;",
  "  }",
  "  let weightFirst = params.weightFirst + matrix * params.matrixWeights;",
  "",
  "  let width = params.columns / 4u;",
  "  let tileColumn = tile % params.columnTiles * (TILE / 4u);",
  "  let across = lane % SIDE;",
  "  let down = lane / SIDE;",
  "  let inputWidth = params.inputWidth * params.channels;",
  "  let row = rowAt(tileRow + lane, matrix);",
  "",
  "  var c: array<array<vec4<f32>, 2>, OWN>;",
  "  for (var ty = 0u; ty < params.tapRows; ty++) {",
  "    for (var tx = 0u; tx < params.tapColumns; tx++) {",
  "      let start = runStart(row, ty, tx);",
  "      let weightRow = weightFirst + ty * params.weightStepY + tx * params.weightStepX;",
  "      for (var first = 0u; first < params.run; first += STEP) {",
  "        for (var step = 0u; step < STEP; step++) {",
  "          let element = start.y + first + step;",
  "          let inside = element < inputWidth && first + step < params.run;",
  "          values[step * TILE + lane] = select(0.0, input[start.x + element], inside);",
  "        }",
  "        for (var index = lane; index < STEP * TILE / 4u; index += TILE) {",
  "          let term = first + index / (TILE / 4u);",
  "          let column = tileColumn + index % (TILE / 4u);",
  "          let inside = term < params.run && column < width;",
  "          factors[index] = select(vec4<f32>(0.0), weight[(weightRow + term) * width + column], inside);",
  "        }",
  "        workgroupBarrier();",
  "        for (var step = 0u; step < STEP; step++) {",
  "          let b0 = factors[step * (TILE / 4u) + across];",
  "          let b1 = factors[step * (TILE / 4u) + across + SIDE];",
  "          for (var r = 0u; r < OWN; r++) {",
  "            let a = vec4<f32>(values[step * TILE + down * OWN + r]);",
  "            c[r][0] = fma(a, b0, c[r][0]);",
  "            c[r][1] = fma(a, b1, c[r][1]);",
  "          }",
  "        }",
  "        workgroupBarrier();",
  "      }",
  "    }",
  "  }",
  "",
  "  for (var r = 0u; r < OWN; r++) {",
  "    let place = rowAt(tileRow + down * OWN + r, matrix).place;",
  "    for (var side = 0u; side < 2u; side++) {",
  "      let column = tileColumn + across + side * SIDE;",
  "      if (place != NOWHERE && column < width) {",
  "        var value = c[r][side] + select(vec4<f32>(0.0), bias[column], params.hasBias == 1u);",
  "        if (RELU == 1u) {",
  "          value = select(value, vec4<f32>(0.0), value < vec4<f32>(0.0));",
  "        }",
  "        output[place * width + column] = value;",
  "      }",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const gatherPortable = {
  source,
  "name": "matmul/gather_portable",
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
      "element": "vec4<f32>"
    },
    "bias": {
      "index": 2,
      "access": "read",
      "element": "vec4<f32>"
    },
    "output": {
      "index": 3,
      "access": "read_write",
      "element": "vec4<f32>"
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
    "RELU": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
