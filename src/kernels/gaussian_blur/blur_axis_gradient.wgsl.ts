// Generated from blur_axis_gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: b5bd70f97993d8b84ea2a9075d5470d76c50c1f743519b383f3341c8c926c33e
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
  "",
  "struct Sums {",
  "  near: vec4<f32>,",
  "  far: vec4<f32>,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;",
  "@group(0) @binding(1) var<storage, read> weights: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> inputGradient: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "",
  "fn collect(sums: Sums, base: u32, start: i32, direction: i32) -> Sums {",
  "",
  "  let last = i32(params.length) - 1;",
  "  let first = max(select(start - last, -start, direction > 0), 0);",
  "  let end = min(i32(params.taps + SEGMENT) - 1, select(start, last - start, direction > 0) + 1);",
  "  var result = sums;",
  "  var near = vec4<f32>(0.0);",
  "  var far = vec4<f32>(0.0);",
  "",
  "  for (var step = max(first - i32(SEGMENT) + 1, 0); step < end; step++) {",
  "    far = vec4<f32>(near.w, far.xyz);",
  "    near = vec4<f32>(0.0, near.xyz);",
  "    if (step < i32(params.taps)) {",
  "      near.x = weights[step];",
  "    }",
  "    if (step >= first) {",
  "      let gradient = outputGradient[base + u32(start + direction * step) * params.inner];",
  "",
  "      result.near = select(result.near, result.near + near * gradient, near != vec4<f32>(0.0));",
  "      result.far = select(result.far, result.far + far * gradient, far != vec4<f32>(0.0));",
  "    }",
  "  }",
  "  return result;",
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
  "  let row = index / params.inner;",
  "  let outer = row / params.segments;",
  "  let place = (row - outer * params.segments) * SEGMENT;",
  "  let base = outer * params.length * params.inner + column;",
  "  let first = i32(place);",
  "  let last = i32(params.length) - 1;",
  "  let radius = i32(params.taps / 2u);",
  "",
  "  var sums = collect(Sums(), base, first - radius, 1);",
  "  let direct = sums;",
  "  sums = collect(sums, base, radius - first, -1);",
  "  if (place == 0u) {",
  "",
  "    sums.near.x = direct.near.x;",
  "  }",
  "  let before = sums;",
  "  sums = collect(sums, base, 2 * last + radius - first, -1);",
  "  for (var i = 0u; i < min(SEGMENT, params.length - place); i++) {",
  "    var value = select(sums.far[i & 3u], sums.near[i & 3u], i < 4u);",
  "    if (first + i32(i) == last) {",
  "",
  "      value = select(before.far[i & 3u], before.near[i & 3u], i < 4u);",
  "    }",
  "    inputGradient[base + (place + i) * params.inner] = value;",
  "  }",
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
