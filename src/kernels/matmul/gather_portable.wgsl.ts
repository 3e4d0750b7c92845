// Generated from gather_portable.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: ef58d054d9fd08a41510de9bc8c6d439a7491d57c227a47e37f64cf02383f1f2
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
  "",
  "",
  "",
  "",
  "const DOWN: u32 = 8u;",
  "const ACROSS: u32 = 8u;",
  "",
  "const SCALARS: u32 = 0u;",
  "const RELU: u32 = 0u;",
  "",
  "const STEP: u32 = 16u;",
  "const INVOCATIONS = DOWN * ACROSS;",
  "",
  "const DEPTH = STEP / 4u;",
  "",
  "const ROWS = 8u * DOWN;",
  "const WIDTH = 2u * ACROSS;",
  "",
  "const VALUES = ROWS * DEPTH / INVOCATIONS;",
  "const FACTORS = STEP * WIDTH / INVOCATIONS;",
  "",
  "const FETCH_ROWS = INVOCATIONS / DEPTH;",
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
  "",
  "  splits: u32,",
  "  splitSteps: u32,",
  "  partRows: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read> bias: array<vec4<f32>>;",
  "@group(0) @binding(3) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
  "",
  "",
  "var<workgroup> values: array<vec4<f32>, ROWS * DEPTH>;",
  "",
  "var<workgroup> factors: array<vec4<f32>, STEP * WIDTH>;",
  "",
  "alias Sums = array<vec4<f32>, 16>;",
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
  "",
  "fn elements(place: u32) -> vec4<f32> {",
  "  let low = input[place / 4u];",
  "  let high = input[(place + 3u) / 4u];",
  "  let shift = place % 4u;",
  "  let even = select(low, vec4<f32>(low.zw, high.xy), shift >= 2u);",
  "  let next = select(high.x, high.z, shift >= 2u);",
  "  return select(even, vec4<f32>(even.yzw, next), shift % 2u == 1u);",
  "}",
  "",
  "",
  "fn fetchValues(start: vec2<u32>, term: u32) -> vec4<f32> {",
  "  let first = start.y + term;",
  "  let width = params.inputWidth * params.channels;",
  "  let place = start.x + first;",
  "  if (SCALARS == 0u) {",
  "    let inside = first < width && term < params.run;",
  "    return select(vec4<f32>(0.0), input[select(0u, place / 4u, inside)], inside);",
  "  }",
  "  let offsets = vec4<u32>(0u, 1u, 2u, 3u);",
  "  let insideRow = vec4<u32>(first) + offsets < vec4<u32>(width);",
  "  let insideRun = vec4<u32>(term) + offsets < vec4<u32>(params.run);",
  "  return select(vec4<f32>(0.0), elements(place), insideRow & insideRun);",
  "}",
  "",
  "",
  "fn multiplyAdd(sums: ptr<function, Sums>, upper: vec4<f32>, lower: vec4<f32>, factor: u32) {",
  "  let first = factors[factor];",
  "  let second = factors[factor + ACROSS];",
  "  (*sums)[0] = fma(vec4<f32>(upper.x), first, (*sums)[0]);",
  "  (*sums)[1] = fma(vec4<f32>(upper.x), second, (*sums)[1]);",
  "  (*sums)[2] = fma(vec4<f32>(upper.y), first, (*sums)[2]);",
  "  (*sums)[3] = fma(vec4<f32>(upper.y), second, (*sums)[3]);",
  "  (*sums)[4] = fma(vec4<f32>(upper.z), first, (*sums)[4]);",
  "  (*sums)[5] = fma(vec4<f32>(upper.z), second, (*sums)[5]);",
  "  (*sums)[6] = fma(vec4<f32>(upper.w), first, (*sums)[6]);",
  "  (*sums)[7] = fma(vec4<f32>(upper.w), second, (*sums)[7]);",
  "  (*sums)[8] = fma(vec4<f32>(lower.x), first, (*sums)[8]);",
  "  (*sums)[9] = fma(vec4<f32>(lower.x), second, (*sums)[9]);",
  "  (*sums)[10] = fma(vec4<f32>(lower.y), first, (*sums)[10]);",
  "  (*sums)[11] = fma(vec4<f32>(lower.y), second, (*sums)[11]);",
  "  (*sums)[12] = fma(vec4<f32>(lower.z), first, (*sums)[12]);",
  "  (*sums)[13] = fma(vec4<f32>(lower.z), second, (*sums)[13]);",
  "  (*sums)[14] = fma(vec4<f32>(lower.w), first, (*sums)[14]);",
  "  (*sums)[15] = fma(vec4<f32>(lower.w), second, (*sums)[15]);",
  "}",
  "",
  "fn finished(sum: vec4<f32>, column: u32) -> vec4<f32> {",
  "  let value = sum + select(vec4<f32>(0.0), bias[column], params.hasBias == 1u);",
  "  return select(value, vec4<f32>(0.0), (value < vec4<f32>(0.0)) & vec4<bool>(RELU == 1u));",
  "}",
  "",
  "fn store(row: Row, split: u32, column: u32, first: vec4<f32>, second: vec4<f32>) {",
  "  let width = params.columns / 4u;",
  "  let place = (split * params.partRows + row.place) * width;",
  "  if (row.place != NOWHERE) {",
  "    if (column < width) { output[place + column] = finished(first, column); }",
  "    if (column + ACROSS < width) { output[place + column + ACROSS] = finished(second, column + ACROSS); }",
  "  }",
  "}",
  "",
  "@compute @workgroup_size(INVOCATIONS)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let number = group.x + group.y * groups.x;",
  "  let tile = number % params.matrixTiles;",
  "  let split = number / params.matrixTiles % params.splits;",
  "  let matrix = number / params.matrixTiles / params.splits;",
  "  if (matrix >= params.matrices) {",
  "    return;",
  "  }",
  "  let tileRow = tile / params.columnTiles * ROWS;",
  "",
  "  let width = params.columns / 4u;",
  "  let tileColumn = tile % params.columnTiles * WIDTH;",
  "  let across = lane % ACROSS;",
  "  let down = lane / ACROSS;",
  "  let firstWeight = params.weightFirst + matrix * params.matrixWeights;",
  "",
  "  let fetchRow = lane / DEPTH;",
  "  let fetchTerm = lane % DEPTH;",
  "  var rows: array<Row, VALUES>;",
  "  for (var n = 0u; n < VALUES; n++) {",
  "    rows[n] = rowAt(tileRow + fetchRow + n * FETCH_ROWS, matrix);",
  "  }",
  "",
  "  let tapSteps = (params.run + STEP - 1u) / STEP;",
  "  let steps = params.tapRows * params.tapColumns * tapSteps;",
  "  var sums: Sums;",
  "  var nextValues: array<vec4<f32>, VALUES>;",
  "  var nextFactors: array<vec4<f32>, FACTORS>;",
  "  let swizzle = (down >> 1u) % DEPTH;",
  "  let firstStep = split * params.splitSteps;",
  "  let lastStep = min(firstStep + params.splitSteps, steps);",
  "",
  "  for (var round = firstStep; round <= lastStep; round++) {",
  "    if (round < lastStep) {",
  "      let tap = round / tapSteps;",
  "      let ty = tap / params.tapColumns;",
  "      let tx = tap % params.tapColumns;",
  "      let firstTerm = round % tapSteps * STEP;",
  "      let weightRow = firstWeight + ty * params.weightStepY + tx * params.weightStepX;",
  "      for (var n = 0u; n < VALUES; n++) {",
  "        nextValues[n] = fetchValues(runStart(rows[n], ty, tx), firstTerm + 4u * fetchTerm);",
  "      }",
  "      for (var n = 0u; n < FACTORS; n++) {",
  "        let index = lane + n * INVOCATIONS;",
  "        let term = firstTerm + index / WIDTH;",
  "        let column = tileColumn + index % WIDTH;",
  "        let inside = term < params.run && column < width;",
  "        let place = select(0u, (weightRow + term) * width + column, inside);",
  "        nextFactors[n] = select(vec4<f32>(0.0), weight[place], inside);",
  "      }",
  "    }",
  "    if (round > firstStep) {",
  "      for (var depth = 0u; depth < DEPTH; depth++) {",
  "        let place = down * DEPTH + (depth ^ swizzle);",
  "        let a0 = values[place];",
  "        let a1 = values[place + DOWN * DEPTH];",
  "        let a2 = values[place + 2u * DOWN * DEPTH];",
  "        let a3 = values[place + 3u * DOWN * DEPTH];",
  "        let a4 = values[place + 4u * DOWN * DEPTH];",
  "        let a5 = values[place + 5u * DOWN * DEPTH];",
  "        let a6 = values[place + 6u * DOWN * DEPTH];",
  "        let a7 = values[place + 7u * DOWN * DEPTH];",
  "        let factor = 4u * depth * WIDTH + across;",
  "        multiplyAdd(&sums, vec4<f32>(a0.x, a1.x, a2.x, a3.x), vec4<f32>(a4.x, a5.x, a6.x, a7.x), factor);",
  "        multiplyAdd(&sums, vec4<f32>(a0.y, a1.y, a2.y, a3.y), vec4<f32>(a4.y, a5.y, a6.y, a7.y), factor + WIDTH);",
  "        multiplyAdd(&sums, vec4<f32>(a0.z, a1.z, a2.z, a3.z), vec4<f32>(a4.z, a5.z, a6.z, a7.z), factor + 2u * WIDTH);",
  "        multiplyAdd(&sums, vec4<f32>(a0.w, a1.w, a2.w, a3.w), vec4<f32>(a4.w, a5.w, a6.w, a7.w), factor + 3u * WIDTH);",
  "      }",
  "    }",
  "    workgroupBarrier();",
  "    if (round < lastStep) {",
  "      for (var n = 0u; n < VALUES; n++) {",
  "        let row = fetchRow + n * FETCH_ROWS;",
  "        values[row * DEPTH + (fetchTerm ^ (((row % DOWN) >> 1u) % DEPTH))] = nextValues[n];",
  "      }",
  "      for (var n = 0u; n < FACTORS; n++) {",
  "        factors[lane + n * INVOCATIONS] = nextFactors[n];",
  "      }",
  "    }",
  "    workgroupBarrier();",
  "  }",
  "",
  "  let firstRow = tileRow + down;",
  "  let column = tileColumn + across;",
  "  store(rowAt(firstRow, matrix), split, column, sums[0], sums[1]);",
  "  store(rowAt(firstRow + DOWN, matrix), split, column, sums[2], sums[3]);",
  "  store(rowAt(firstRow + 2u * DOWN, matrix), split, column, sums[4], sums[5]);",
  "  store(rowAt(firstRow + 3u * DOWN, matrix), split, column, sums[6], sums[7]);",
  "  store(rowAt(firstRow + 4u * DOWN, matrix), split, column, sums[8], sums[9]);",
  "  store(rowAt(firstRow + 5u * DOWN, matrix), split, column, sums[10], sums[11]);",
  "  store(rowAt(firstRow + 6u * DOWN, matrix), split, column, sums[12], sums[13]);",
  "  store(rowAt(firstRow + 7u * DOWN, matrix), split, column, sums[14], sums[15]);",
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
      "element": "vec4<f32>"
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
    "size": 144,
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
      },
      "splits": {
        "offset": 120,
        "type": "u32"
      },
      "splitSteps": {
        "offset": 124,
        "type": "u32"
      },
      "partRows": {
        "offset": 128,
        "type": "u32"
      }
    }
  },
  "constants": {
    "DOWN": {
      "type": "u32",
      "value": 8
    },
    "ACROSS": {
      "type": "u32",
      "value": 8
    },
    "SCALARS": {
      "type": "u32",
      "value": 0
    },
    "RELU": {
      "type": "u32",
      "value": 0
    },
    "STEP": {
      "type": "u32",
      "value": 16
    }
  }
} as const satisfies KernelModule;
