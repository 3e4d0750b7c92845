// Generated from input_transform.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 4bae34c44c2f2447b21ee5f4187a03ec828d35c618fdbe2df74c192b7b77dcae
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
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  tiles: u32,",
  "  tilesY: u32,",
  "  tilesX: u32,",
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  channels: u32,",
  "  padTop: i32,",
  "  padLeft: i32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> points: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "fn transform(",
  "  d0: f32,",
  "  d1: f32,",
  "  d2: f32,",
  "  d3: f32,",
  "  d4: f32,",
  "  d5: f32,",
  ") -> array<f32, 6> {",
  "  let even = d4 - 4.0 * d2;",
  "  let odd = d3 - 4.0 * d1;",
  "  let outer = d4 - d2;",
  "  let inner = 2.0 * (d3 - d1);",
  "  return array<f32, 6>(",
  "    4.0 * d0 - 5.0 * d2 + d4,",
  "    even + odd,",
  "    even - odd,",
  "    outer + inner,",
  "    outer - inner,",
  "    4.0 * d1 - 5.0 * d3 + d5,",
  "  );",
  "}",
  "",
  "",
  "struct Place {",
  "  image: u32,",
  "  top: i32,",
  "  left: i32,",
  "  channel: u32,",
  "}",
  "",
  "",
  "fn pixel(start: u32, x: i32, insideY: bool, channel: u32) -> f32 {",
  "  let inside = insideY && x >= 0 && x < i32(params.inputWidth);",
  "",
  "  return select(0.0, input[select(0u, (start + u32(x)) * params.channels + channel, inside)], inside);",
  "}",
  "",
  "",
  "fn transformedRow(place: Place, i: i32) -> array<f32, 6> {",
  "  let y = place.top + i;",
  "  let insideY = y >= 0 && y < i32(params.inputHeight);",
  "  let start = (place.image + u32(y)) * params.inputWidth;",
  "  return transform(",
  "    pixel(start, place.left, insideY, place.channel),",
  "    pixel(start, place.left + 1, insideY, place.channel),",
  "    pixel(start, place.left + 2, insideY, place.channel),",
  "    pixel(start, place.left + 3, insideY, place.channel),",
  "    pixel(start, place.left + 4, insideY, place.channel),",
  "    pixel(start, place.left + 5, insideY, place.channel),",
  "  );",
  "}",
  "",
  "",
  "fn storeColumn(j: u32, index: u32, column: array<f32, 6>) {",
  "  let step = params.tiles * params.channels;",
  "  points[j * step + index] = column[0];",
  "  points[(6u + j) * step + index] = column[1];",
  "  points[(12u + j) * step + index] = column[2];",
  "  points[(18u + j) * step + index] = column[3];",
  "  points[(24u + j) * step + index] = column[4];",
  "  points[(30u + j) * step + index] = column[5];",
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
  "  let n = tile / params.tilesX / params.tilesY;",
  "  let top = i32(tile / params.tilesX % params.tilesY * 4u) - params.padTop;",
  "  let left = i32(tile % params.tilesX * 4u) - params.padLeft;",
  "",
  "",
  "  let place = Place(n * params.inputHeight, top, left, channel);",
  "  let r0 = transformedRow(place, 0);",
  "  let r1 = transformedRow(place, 1);",
  "  let r2 = transformedRow(place, 2);",
  "  let r3 = transformedRow(place, 3);",
  "  let r4 = transformedRow(place, 4);",
  "  let r5 = transformedRow(place, 5);",
  "  storeColumn(0u, index, transform(r0[0], r1[0], r2[0], r3[0], r4[0], r5[0]));",
  "  storeColumn(1u, index, transform(r0[1], r1[1], r2[1], r3[1], r4[1], r5[1]));",
  "  storeColumn(2u, index, transform(r0[2], r1[2], r2[2], r3[2], r4[2], r5[2]));",
  "  storeColumn(3u, index, transform(r0[3], r1[3], r2[3], r3[3], r4[3], r5[3]));",
  "  storeColumn(4u, index, transform(r0[4], r1[4], r2[4], r3[4], r4[4], r5[4]));",
  "  storeColumn(5u, index, transform(r0[5], r1[5], r2[5], r3[5], r4[5], r5[5]));",
  "}",
  "",
].join('\n');

export const inputTransform = {
  source,
  "name": "winograd/input_transform",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "points": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 2,
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
      "inputHeight": {
        "offset": 12,
        "type": "u32"
      },
      "inputWidth": {
        "offset": 16,
        "type": "u32"
      },
      "channels": {
        "offset": 20,
        "type": "u32"
      },
      "padTop": {
        "offset": 24,
        "type": "i32"
      },
      "padLeft": {
        "offset": 28,
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
