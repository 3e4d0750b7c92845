// Generated from expand.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: fb04eb0c5960663dd6db271bc5ece327a8a775f104bc5d5aee9c57b0616b01da
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
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
  "  last: u32,",
  "  scale: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "fn source(element: u32) -> f32 {",
  "  let place = min(element, params.last);",
  "  return input[place / (params.length * params.inner) * params.inner + place % params.inner];",
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
  "  let first = 4u * index;",
  "  output[index] = params.scale * vec4<f32>(source(first), source(first + 1u), source(first + 2u), source(first + 3u));",
  "}",
  "",
].join('\n');

export const expand = {
  source,
  "name": "reduce/expand",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "output": {
      "index": 1,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 2,
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
      "last": {
        "offset": 12,
        "type": "u32"
      },
      "scale": {
        "offset": 16,
        "type": "f32"
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
