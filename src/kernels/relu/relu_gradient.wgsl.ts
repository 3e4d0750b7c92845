// Generated from relu_gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 58563f656ca0da74e0b55621d2de4d988d0dea36165c0dfa9de82e264b7f18ea
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const PER_INVOCATION: u32 = 4u;",
  "",
  "const BLOCK: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> output: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> outputGradient: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read_write> inputGradient: array<vec4<f32>>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    inputGradient[index] = select(outputGradient[index], vec4<f32>(0.0), output[index] <= vec4<f32>(0.0));",
  "  }",
  "}",
  "",
].join('\n');

export const reluGradient = {
  source,
  "name": "relu/relu_gradient",
  "features": [],
  "bindings": {
    "output": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "outputGradient": {
      "index": 1,
      "access": "read",
      "element": "vec4<f32>"
    },
    "inputGradient": {
      "index": 2,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 3,
    "size": 16,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
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
      "value": 4
    },
    "BLOCK": {
      "type": "u32",
      "value": 64
    }
  }
} as const satisfies KernelModule;
