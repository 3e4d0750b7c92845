// Generated from expand_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: f9ad8e55fecbb1bafe4ff96bb0df56914c34723228ae167288d9440dbd5fb196
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
  "const PER_INVOCATION: u32 = 8u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  length: u32,",
  "  segments: u32,",
  "  inner: u32,",
  "  scale: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
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
  "  let rows = index / params.inner;",
  "  let row = rows / params.segments;",
  "  let first = (rows - row * params.segments) * PER_INVOCATION;",
  "  let value = params.scale * input[row * params.inner + column];",
  "  for (var k = first; k < min(first + PER_INVOCATION, params.length); k++) {",
  "    output[(row * params.length + k) * params.inner + column] = value;",
  "  }",
  "}",
  "",
].join('\n');

export const expandVec4 = {
  source,
  "name": "reduce/expand_vec4",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
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
      "segments": {
        "offset": 8,
        "type": "u32"
      },
      "inner": {
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
    },
    "PER_INVOCATION": {
      "type": "u32",
      "value": 8
    }
  }
} as const satisfies KernelModule;
