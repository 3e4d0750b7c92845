// Generated from output_transform.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 57fa81f08b9ce190c42c38959fca8926993e3a4938892c29ee7c0e22925e9f52
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
  "const WORKGROUP: u32 = 64u;",
  "const RELU: u32 = 0u;",
  "",
  "struct Params {",
  "  tiles: u32,",
  "  tilesY: u32,",
  "  tilesX: u32,",
  "  outputHeight: u32,",
  "  outputWidth: u32,",
  "  channels: u32,",
  "  hasBias: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> products: array<f32>;",
  "@group(0) @binding(1) var<storage, read> bias: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "",
  "fn transform(",
  "  m0: f32,",
  "  m1: f32,",
  "  m2: f32,",
  "  m3: f32,",
  "  m4: f32,",
  "  m5: f32,",
  ") -> array<f32, 4> {",
  "  let sum = m1 + m2;",
  "  let difference = m1 - m2;",
  "  let outerSum = m3 + m4;",
  "  let outerDifference = m3 - m4;",
  "  return array<f32, 4>(",
  "    m0 + sum + outerSum,",
  "    difference + 2.0 * outerDifference,",
  "    sum + 4.0 * outerSum,",
  "    difference + 8.0 * outerDifference + m5,",
  "  );",
  "}",
  "",
  "",
  "struct Place {",
  "  image: u32,",
  "  top: u32,",
  "  left: u32,",
  "  channel: u32,",
  "}",
  "",
  "",
  "fn transformedRow(index: u32, i: u32) -> array<f32, 4> {",
  "  let step = params.tiles * params.channels;",
  "  let first = i * 6u * step + index;",
  "  return transform(",
  "    products[first],",
  "    products[first + step],",
  "    products[first + 2u * step],",
  "    products[first + 3u * step],",
  "    products[first + 4u * step],",
  "    products[first + 5u * step],",
  "  );",
  "}",
  "",
  "fn storePixel(place: Place, i: u32, j: u32, value: f32) {",
  "  let y = place.top + i;",
  "  let x = place.left + j;",
  "  if (y < params.outputHeight && x < params.outputWidth) {",
  "    let activated = select(value, 0.0, RELU == 1u && value < 0.0);",
  "    output[((place.image + y) * params.outputWidth + x) * params.channels + place.channel] = activated;",
  "  }",
  "}",
  "",
  "",
  "fn storeColumn(place: Place, j: u32, shift: f32, column: array<f32, 4>) {",
  "  storePixel(place, 0u, j, column[0] + shift);",
  "  storePixel(place, 1u, j, column[1] + shift);",
  "  storePixel(place, 2u, j, column[2] + shift);",
  "  storePixel(place, 3u, j, column[3] + shift);",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let channel = index % params.channels;",
  "  let tile = index / params.channels;",
  "  if (tile >= params.tiles) {",
  "    return;",
  "  }",
  "",
  "  let r0 = transformedRow(index, 0u);",
  "  let r1 = transformedRow(index, 1u);",
  "  let r2 = transformedRow(index, 2u);",
  "  let r3 = transformedRow(index, 3u);",
  "  let r4 = transformedRow(index, 4u);",
  "  let r5 = transformedRow(index, 5u);",
  "  let n = tile / params.tilesX / params.tilesY;",
  "  let top = tile / params.tilesX % params.tilesY * 4u;",
  "  let left = tile % params.tilesX * 4u;",
  "  let shift = select(0.0, bias[channel], params.hasBias == 1u);",
  "  let place = Place(n * params.outputHeight, top, left, channel);",
  "  storeColumn(place, 0u, shift, transform(r0[0], r1[0], r2[0], r3[0], r4[0], r5[0]));",
  "  storeColumn(place, 1u, shift, transform(r0[1], r1[1], r2[1], r3[1], r4[1], r5[1]));",
  "  storeColumn(place, 2u, shift, transform(r0[2], r1[2], r2[2], r3[2], r4[2], r5[2]));",
  "  storeColumn(place, 3u, shift, transform(r0[3], r1[3], r2[3], r3[3], r4[3], r5[3]));",
  "}",
  "",
].join('\n');

export const outputTransform = {
  source,
  "name": "winograd/output_transform",
  "features": [],
  "bindings": {
    "products": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "bias": {
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
    "size": 32,
    "fields": {
      "tiles": {
        "offset": 0,
        "type": "u32"
      },
      "tilesY": {
        "offset": 4,
        "type": "u32"
      },
      "tilesX": {
        "offset": 8,
        "type": "u32"
      },
      "outputHeight": {
        "offset": 12,
        "type": "u32"
      },
      "outputWidth": {
        "offset": 16,
        "type": "u32"
      },
      "channels": {
        "offset": 20,
        "type": "u32"
      },
      "hasBias": {
        "offset": 24,
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
