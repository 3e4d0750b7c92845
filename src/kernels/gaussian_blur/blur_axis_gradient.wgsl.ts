// Generated from blur_axis_gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 2e88549e45ad3acd037303782f5709ef459d57f1bf8fce0c2c00c2a28629d204
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
  "  length: u32,",
  "  inner: u32,",
  "  taps: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;",
  "@group(0) @binding(1) var<storage, read> weights: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> inputGradient: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "",
  "fn collect(base: u32, place: i32) -> f32 {",
  "  let start = place - i32(params.taps / 2u);",
  "  let first = max(-start, 0);",
  "  let end = min(i32(params.taps), i32(params.length) - start);",
  "  var total = 0.0;",
  "  for (var tap = first; tap < end; tap++) {",
  "    total += weights[tap] * outputGradient[base + u32(start + tap) * params.inner];",
  "  }",
  "  return total;",
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
  "  let place = i32(index / params.inner % params.length);",
  "  let last = i32(params.length) - 1;",
  "  let base = index / (params.inner * params.length) * params.length * params.inner + index % params.inner;",
  "  var total = collect(base, place);",
  "  if (place > 0) {",
  "    total += collect(base, -place);",
  "  }",
  "  if (place < last) {",
  "    total += collect(base, 2 * last - place);",
  "  }",
  "  inputGradient[index] = total;",
  "}",
  "",
].join('\n');

export const blurAxisGradient = {
  source,
  "name": "gaussian_blur/blur_axis_gradient",
  "features": [],
  "bindings": {
    "outputGradient": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "weights": {
      "index": 1,
      "access": "read",
      "element": "f32"
    },
    "inputGradient": {
      "index": 2,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 3,
    "size": 16,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "length": {
        "offset": 4,
        "type": "u32"
      },
      "inner": {
        "offset": 8,
        "type": "u32"
      },
      "taps": {
        "offset": 12,
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
