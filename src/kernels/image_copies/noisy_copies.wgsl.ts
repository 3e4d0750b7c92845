// Generated from noisy_copies.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: e4c00e462a9ad1f05eb0885f01c89281a4e5508db2e16c6e96fe3849f9c7e2e1
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
  "  count: u32,",
  "  imageLength: u32,",
  "  images: u32,",
  "  firstCopy: u32,",
  "  seed: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read> deviations: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "",
  "fn mix32(value: u32) -> u32 {",
  "  var x = value;",
  "  x = (x ^ (x >> 16u)) * 0x7feb352du;",
  "  x = (x ^ (x >> 15u)) * 0x846ca68bu;",
  "  return x ^ (x >> 16u);",
  "}",
  "",
  "",
  "",
  "fn lowerQuantile(probability: f32) -> f32 {",
  "  let q = 0.5 - probability;",
  "  if (q <= 0.425) {",
  "    let r = 0.180625 - q * q;",
  "    let top = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179;",
  "    let bottom = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0;",
  "    return -q * top / bottom;",
  "  }",
  "  let r = sqrt(-log(probability)) - 1.6;",
  "  let top = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777;",
  "  let bottom = (0.12021132975 * r + 0.73700164250) * r + 1.0;",
  "  return -top / bottom;",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (index >= params.count) {",
  "    return;",
  "  }",
  "  let element = index % params.imageLength;",
  "  let row = index / params.imageLength;",
  "  let image = row % params.images;",
  "  let copy = params.firstCopy + row / params.images;",
  "",
  "  let random = mix32(mix32(mix32(element) + copy * 0x9e3779b9u) + params.seed * 0x85ebca6bu);",
  "",
  "  let probability = (f32(random >> 1u) + 0.5) * 2.3283064365386963e-10;",
  "  let normal = select(1.0, -1.0, (random & 1u) == 0u) * lowerQuantile(probability);",
  "  output[index] = input[image * params.imageLength + element] + deviations[image] * normal;",
  "}",
  "",
].join('\n');

export const noisyCopies = {
  source,
  "name": "image_copies/noisy_copies",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "deviations": {
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
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "imageLength": {
        "offset": 4,
        "type": "u32"
      },
      "images": {
        "offset": 8,
        "type": "u32"
      },
      "firstCopy": {
        "offset": 12,
        "type": "u32"
      },
      "seed": {
        "offset": 16,
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
