// Generated from gradient_transform.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: e17b7d549ad238acda9397f0f2de7e11ebc41f33bde0a1f60af7e07fb3182ba8
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
  "",
  "struct Params {",
  "  tiles: u32,",
  "  tilesY: u32,",
  "  tilesX: u32,",
  "  outputHeight: u32,",
  "  outputWidth: u32,",
  "  channels: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> gradient: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> points: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "fn transform(g0: f32, g1: f32, g2: f32, g3: f32) -> array<f32, 6> {",
  "  let even = g0 + g2;",
  "  let odd = g1 + g3;",
  "  let wideEven = g0 + 4.0 * g2;",
  "  let wideOdd = 2.0 * g1 + 8.0 * g3;",
  "  return array<f32, 6>(g0, even + odd, even - odd, wideEven + wideOdd, wideEven - wideOdd, g3);",
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
  "  let top = tile / params.tilesX % params.tilesY * 4u;",
  "  let left = tile % params.tilesX * 4u;",
  "",
  "  var rows: array<array<f32, 6>, 4>;",
  "  for (var i = 0u; i < 4u; i++) {",
  "    let start = (n * params.outputHeight + top + i) * params.outputWidth + left;",
  "    let insideY = top + i < params.outputHeight;",
  "    var g: array<f32, 4>;",
  "    for (var j = 0u; j < 4u; j++) {",
  "      let inside = insideY && left + j < params.outputWidth;",
  "      g[j] = select(0.0, gradient[select(0u, (start + j) * params.channels + channel, inside)], inside);",
  "    }",
  "    rows[i] = transform(g[0], g[1], g[2], g[3]);",
  "  }",
  "  let step = params.tiles * params.channels;",
  "  for (var j = 0u; j < 6u; j++) {",
  "    let column = transform(rows[0][j], rows[1][j], rows[2][j], rows[3][j]);",
  "    for (var i = 0u; i < 6u; i++) {",
  "      points[(i * 6u + j) * step + index] = column[i];",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const gradientTransform = {
  source,
  "name": "winograd/gradient_transform",
  "features": [],
  "bindings": {
    "gradient": {
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
