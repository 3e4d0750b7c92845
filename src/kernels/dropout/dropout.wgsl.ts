// Generated from dropout.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 288f12ab24616c45b65aeb743559c4facab8e980b0b07d37220fd2c3aa4f6ff7
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
  "  seed: u32,",
  "  threshold: u32,",
  "  factor: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "fn mix32(value: vec4<u32>) -> vec4<u32> {",
  "  var x = value;",
  "  x = (x ^ (x >> vec4<u32>(16u))) * 0x7feb352du;",
  "  x = (x ^ (x >> vec4<u32>(15u))) * 0x846ca68bu;",
  "  return x ^ (x >> vec4<u32>(16u));",
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
  "  let element = vec4<u32>(4u * index) + vec4<u32>(0u, 1u, 2u, 3u);",
  "",
  "  let random = mix32(mix32(element) + params.seed * 0x9e3779b9u);",
  "  output[index] = select(vec4<f32>(0.0), input[index] * params.factor, random >= vec4<u32>(params.threshold));",
  "}",
  "",
].join('\n');

export const dropout = {
  source,
  "name": "dropout/dropout",
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
    "size": 16,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "seed": {
        "offset": 4,
        "type": "u32"
      },
      "threshold": {
        "offset": 8,
        "type": "u32"
      },
      "factor": {
        "offset": 12,
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
