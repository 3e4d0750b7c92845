// Generated from blur_axis.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 97cc73736a1c251191fd948764a58e9555258555d697ff4ba97a09973d41f862
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const SEGMENT: u32 = 8u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  length: u32,",
  "  inner: u32,",
  "  segments: u32,",
  "  taps: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read> weights: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "fn load(base: u32, place: i32) -> f32 {",
  "  let last = i32(params.length) - 1;",
  "",
  "  let reflected = clamp(select(abs(place), 2 * last - place, place > last), 0, last);",
  "  return input[base + u32(reflected) * params.inner];",
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
  "  let column = index % params.inner;",
  "  let segment = index / params.inner % params.segments;",
  "  let base = index / (params.inner * params.segments) * params.length * params.inner + column;",
  "  let first = segment * SEGMENT;",
  "  let start = i32(first) - i32(params.taps / 2u);",
  "",
  "  var near = vec4<f32>(0.0, load(base, start), load(base, start + 1), load(base, start + 2));",
  "  var far = vec4<f32>(load(base, start + 3), load(base, start + 4), load(base, start + 5), load(base, start + 6));",
  "  var nearSum = vec4<f32>(0.0);",
  "  var farSum = vec4<f32>(0.0);",
  "  for (var tap = 0u; tap < params.taps; tap++) {",
  "    near = vec4<f32>(near.yzw, far.x);",
  "    far = vec4<f32>(far.yzw, load(base, start + i32(tap) + 7));",
  "    let weight = weights[tap];",
  "    nearSum += weight * near;",
  "    farSum += weight * far;",
  "  }",
  "  for (var i = 0u; i < min(SEGMENT, params.length - first); i++) {",
  "    output[base + (first + i) * params.inner] = select(farSum[i & 3u], nearSum[i & 3u], i < 4u);",
  "  }",
  "}",
  "",
].join('\n');

export const blurAxis = {
  source,
  "name": "gaussian_blur/blur_axis",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "weights": {
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
      "length": {
        "offset": 4,
        "type": "u32"
      },
      "inner": {
        "offset": 8,
        "type": "u32"
      },
      "segments": {
        "offset": 12,
        "type": "u32"
      },
      "taps": {
        "offset": 16,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "SEGMENT": {
      "type": "u32",
      "value": 8
    }
  }
} as const satisfies KernelModule;
