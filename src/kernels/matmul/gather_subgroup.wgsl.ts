// Generated from gather_subgroup.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 925927676aab060f19faa53b44c5bcd40a3a7fabe618a12d068b1940d0c454ec
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
  "enable subgroups;",
  "",
  "const SUBGROUP: u32 = 8u;",
  "const ROWS = 16u;",
  "const BLOCKS = (ROWS + SUBGROUP - 1u) / SUBGROUP;",
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
  "@group(0) @binding(2) var<storage, read> bias: array<f32>;",
  "@group(0) @binding(3) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
  "",
  "",
  "struct Row {",
  "  y: i32,",
  "  x: i32,",
  "  image: u32,",
  "  place: u32,",
  "}",
  "",
  "fn rowAt(number: u32) -> Row {",
  "  let inside = min(number, params.rows - 1u);",
  "  let j = inside % params.gridWidth;",
  "  let i = inside / params.gridWidth % params.gridHeight;",
  "  let n = inside / params.gridWidth / params.gridHeight;",
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
  "fn pair(start: vec2<u32>, term: u32) -> vec2<f32> {",
  "  let element = start.y + term;",
  "  let width = params.inputWidth * params.channels;",
  "  return vec2<f32>(",
  "    select(0.0, input[start.x + element], element < width),",
  "    select(0.0, input[start.x + element + 1u], element + 1u < width && term + 1u < params.run),",
  "  );",
  "}",
  "",
  "fn storeFour(place: u32, column: u32, sums: vec4<f32>) {",
  "  let first = place * params.columns + column;",
  "  if (column < params.columns) { output[first] = sums.x; }",
  "  if (column + 1u < params.columns) { output[first + 1u] = sums.y; }",
  "  if (column + 2u < params.columns) { output[first + 2u] = sums.z; }",
  "  if (column + 3u < params.columns) { output[first + 3u] = sums.w; }",
  "}",
  "",
  "fn store(place: u32, column0: u32, column1: u32, sums0: vec4<f32>, sums1: vec4<f32>) {",
  "  if (place == NOWHERE) { return; }",
  "  storeFour(place, column0, sums0);",
  "  storeFour(place, column1, sums1);",
  "}",
  "",
  "fn biasAt(column: u32) -> vec4<f32> {",
  "  let last = params.columns - 1u;",
  "  let values = vec4<f32>(",
  "    bias[min(column, last)],",
  "    bias[min(column + 1u, last)],",
  "    bias[min(column + 2u, last)],",
  "    bias[min(column + 3u, last)],",
  "  );",
  "  return select(vec4<f32>(0.0), values, params.hasBias == 1u);",
  "}",
  "",
  "@compute @workgroup_size(SUBGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let tile = group.x + group.y * groups.x;",
  "  let firstRow = tile / params.columnTiles * ROWS;",
  "  if (firstRow >= params.rows) {",
  "    return;",
  "  }",
  "  let column0 = tile % params.columnTiles * (8u * SUBGROUP) + lane * 4u;",
  "  let column1 = column0 + 4u * SUBGROUP;",
  "",
  "  let width = (params.columns + 3u) / 4u;",
  "  let weight0 = min(column0 / 4u, width - 1u);",
  "  let weight1 = min(column1 / 4u, width - 1u);",
  "",
  "  let row0 = rowAt(firstRow + lane);",
  "  var row1 = row0;",
  "  var row2 = row0;",
  "  var row3 = row0;",
  "  if (BLOCKS > 1u) { row1 = rowAt(firstRow + lane + SUBGROUP); }",
  "  if (BLOCKS > 2u) { row2 = rowAt(firstRow + lane + 2u * SUBGROUP); }",
  "  if (BLOCKS > 3u) { row3 = rowAt(firstRow + lane + 3u * SUBGROUP); }",
  "",
  "  var c: array<vec4<f32>, 2u * ROWS>;",
  "  for (var ty = 0u; ty < params.tapRows; ty++) {",
  "    for (var tx = 0u; tx < params.tapColumns; tx++) {",
  "      let start0 = runStart(row0, ty, tx);",
  "      let start1 = runStart(row1, ty, tx);",
  "      let start2 = runStart(row2, ty, tx);",
  "      let start3 = runStart(row3, ty, tx);",
  "      let weightRow = params.weightFirst + ty * params.weightStepY + tx * params.weightStepX;",
  "      for (var term = 0u; term < params.run; term += 2u) {",
  "        let upper = (weightRow + term) * width;",
  "        let lower = (weightRow + min(term + 1u, params.run - 1u)) * width;",
  "        let b = array<vec4<f32>, 4>(",
  "          weight[upper + weight0],",
  "          weight[upper + weight1],",
  "          weight[lower + weight0],",
  "          weight[lower + weight1],",
  "        );",
  "        let a0 = pair(start0, term);",
  "        var a1 = a0;",
  "        var a2 = a0;",
  "        var a3 = a0;",
  "        if (BLOCKS > 1u) { a1 = pair(start1, term); }",
  "        if (BLOCKS > 2u) { a2 = pair(start2, term); }",
  "        if (BLOCKS > 3u) { a3 = pair(start3, term); }",
  "        let a = array<vec2<f32>, 4>(a0, a1, a2, a3);",
  "        var x: vec2<f32>;",
  "        x = subgroupBroadcast(a[0u / SUBGROUP], 0u % SUBGROUP);",
  "        c[0] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[0]));",
  "        c[1] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[1]));",
  "        x = subgroupBroadcast(a[1u / SUBGROUP], 1u % SUBGROUP);",
  "        c[2] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[2]));",
  "        c[3] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[3]));",
  "        x = subgroupBroadcast(a[2u / SUBGROUP], 2u % SUBGROUP);",
  "        c[4] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[4]));",
  "        c[5] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[5]));",
  "        x = subgroupBroadcast(a[3u / SUBGROUP], 3u % SUBGROUP);",
  "        c[6] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[6]));",
  "        c[7] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[7]));",
  "        x = subgroupBroadcast(a[4u / SUBGROUP], 4u % SUBGROUP);",
  "        c[8] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[8]));",
  "        c[9] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[9]));",
  "        x = subgroupBroadcast(a[5u / SUBGROUP], 5u % SUBGROUP);",
  "        c[10] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[10]));",
  "        c[11] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[11]));",
  "        x = subgroupBroadcast(a[6u / SUBGROUP], 6u % SUBGROUP);",
  "        c[12] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[12]));",
  "        c[13] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[13]));",
  "        x = subgroupBroadcast(a[7u / SUBGROUP], 7u % SUBGROUP);",
  "        c[14] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[14]));",
  "        c[15] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[15]));",
  "        x = subgroupBroadcast(a[8u / SUBGROUP], 8u % SUBGROUP);",
  "        c[16] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[16]));",
  "        c[17] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[17]));",
  "        x = subgroupBroadcast(a[9u / SUBGROUP], 9u % SUBGROUP);",
  "        c[18] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[18]));",
  "        c[19] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[19]));",
  "        x = subgroupBroadcast(a[10u / SUBGROUP], 10u % SUBGROUP);",
  "        c[20] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[20]));",
  "        c[21] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[21]));",
  "        x = subgroupBroadcast(a[11u / SUBGROUP], 11u % SUBGROUP);",
  "        c[22] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[22]));",
  "        c[23] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[23]));",
  "        x = subgroupBroadcast(a[12u / SUBGROUP], 12u % SUBGROUP);",
  "        c[24] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[24]));",
  "        c[25] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[25]));",
  "        x = subgroupBroadcast(a[13u / SUBGROUP], 13u % SUBGROUP);",
  "        c[26] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[26]));",
  "        c[27] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[27]));",
  "        x = subgroupBroadcast(a[14u / SUBGROUP], 14u % SUBGROUP);",
  "        c[28] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[28]));",
  "        c[29] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[29]));",
  "        x = subgroupBroadcast(a[15u / SUBGROUP], 15u % SUBGROUP);",
  "        c[30] = fma(vec4<f32>(x.y), b[2], fma(vec4<f32>(x.x), b[0], c[30]));",
  "        c[31] = fma(vec4<f32>(x.y), b[3], fma(vec4<f32>(x.x), b[1], c[31]));",
  "      }",
  "    }",
  "  }",
  "",
  "  let bias0 = biasAt(column0);",
  "  let bias1 = biasAt(column1);",
  "  let place = array<u32, 4>(row0.place, row1.place, row2.place, row3.place);",
  "  store(subgroupBroadcast(place[0u / SUBGROUP], 0u % SUBGROUP), column0, column1, c[0] + bias0, c[1] + bias1);",
  "  store(subgroupBroadcast(place[1u / SUBGROUP], 1u % SUBGROUP), column0, column1, c[2] + bias0, c[3] + bias1);",
  "  store(subgroupBroadcast(place[2u / SUBGROUP], 2u % SUBGROUP), column0, column1, c[4] + bias0, c[5] + bias1);",
  "  store(subgroupBroadcast(place[3u / SUBGROUP], 3u % SUBGROUP), column0, column1, c[6] + bias0, c[7] + bias1);",
  "  store(subgroupBroadcast(place[4u / SUBGROUP], 4u % SUBGROUP), column0, column1, c[8] + bias0, c[9] + bias1);",
  "  store(subgroupBroadcast(place[5u / SUBGROUP], 5u % SUBGROUP), column0, column1, c[10] + bias0, c[11] + bias1);",
  "  store(subgroupBroadcast(place[6u / SUBGROUP], 6u % SUBGROUP), column0, column1, c[12] + bias0, c[13] + bias1);",
  "  store(subgroupBroadcast(place[7u / SUBGROUP], 7u % SUBGROUP), column0, column1, c[14] + bias0, c[15] + bias1);",
  "  store(subgroupBroadcast(place[8u / SUBGROUP], 8u % SUBGROUP), column0, column1, c[16] + bias0, c[17] + bias1);",
  "  store(subgroupBroadcast(place[9u / SUBGROUP], 9u % SUBGROUP), column0, column1, c[18] + bias0, c[19] + bias1);",
  "  store(subgroupBroadcast(place[10u / SUBGROUP], 10u % SUBGROUP), column0, column1, c[20] + bias0, c[21] + bias1);",
  "  store(subgroupBroadcast(place[11u / SUBGROUP], 11u % SUBGROUP), column0, column1, c[22] + bias0, c[23] + bias1);",
  "  store(subgroupBroadcast(place[12u / SUBGROUP], 12u % SUBGROUP), column0, column1, c[24] + bias0, c[25] + bias1);",
  "  store(subgroupBroadcast(place[13u / SUBGROUP], 13u % SUBGROUP), column0, column1, c[26] + bias0, c[27] + bias1);",
  "  store(subgroupBroadcast(place[14u / SUBGROUP], 14u % SUBGROUP), column0, column1, c[28] + bias0, c[29] + bias1);",
  "  store(subgroupBroadcast(place[15u / SUBGROUP], 15u % SUBGROUP), column0, column1, c[30] + bias0, c[31] + bias1);",
  "}",
  "",
].join('\n');

export const gatherSubgroup = {
  source,
  "name": "matmul/gather_subgroup",
  "features": [
    "subgroups"
  ],
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
    "size": 112,
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
      "tapRows": {
        "offset": 16,
        "type": "u32"
      },
      "tapColumns": {
        "offset": 20,
        "type": "u32"
      },
      "gridHeight": {
        "offset": 24,
        "type": "u32"
      },
      "gridWidth": {
        "offset": 28,
        "type": "u32"
      },
      "outputHeight": {
        "offset": 32,
        "type": "u32"
      },
      "outputWidth": {
        "offset": 36,
        "type": "u32"
      },
      "firstY": {
        "offset": 40,
        "type": "u32"
      },
      "firstX": {
        "offset": 44,
        "type": "u32"
      },
      "spacingY": {
        "offset": 48,
        "type": "u32"
      },
      "spacingX": {
        "offset": 52,
        "type": "u32"
      },
      "inputHeight": {
        "offset": 56,
        "type": "u32"
      },
      "inputWidth": {
        "offset": 60,
        "type": "u32"
      },
      "channels": {
        "offset": 64,
        "type": "u32"
      },
      "scaleY": {
        "offset": 68,
        "type": "i32"
      },
      "scaleX": {
        "offset": 72,
        "type": "i32"
      },
      "offsetY": {
        "offset": 76,
        "type": "i32"
      },
      "offsetX": {
        "offset": 80,
        "type": "i32"
      },
      "tapStepY": {
        "offset": 84,
        "type": "i32"
      },
      "tapStepX": {
        "offset": 88,
        "type": "i32"
      },
      "weightFirst": {
        "offset": 92,
        "type": "u32"
      },
      "weightStepY": {
        "offset": 96,
        "type": "u32"
      },
      "weightStepX": {
        "offset": 100,
        "type": "u32"
      },
      "hasBias": {
        "offset": 104,
        "type": "u32"
      }
    }
  },
  "constants": {
    "SUBGROUP": {
      "type": "u32",
      "value": 8
    }
  }
} as const satisfies KernelModule;
