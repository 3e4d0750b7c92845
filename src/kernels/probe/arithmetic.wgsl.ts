// Generated from arithmetic.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: ab7d9ec4998f932add418244f4a45e47d3b1555ac5a7c00c946b191d2bdb4a8c
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const OPERATION: u32 = 0u;",
  "",
  "struct Params {",
  "  steps: u32,",
  "  factor: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(1) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let start = f32(lane) / f32(WORKGROUP);",
  "  var a = vec4<f32>(start);",
  "  var b = vec4<f32>(0.5 * start);",
  "  var c = vec4<f32>(0.25 * start);",
  "  var d = vec4<f32>(0.125 * start);",
  "  if (OPERATION == 0u) {",
  "",
  "    for (var step = 0u; step < params.steps; step += 8u) {",
  "      for (var k = 0u; k < 8u; k++) {",
  "        a = a * params.factor + 0.1;",
  "        b = b * params.factor + 0.2;",
  "        c = c * params.factor + 0.3;",
  "        d = d * params.factor + 0.4;",
  "      }",
  "    }",
  "  } else {",
  "    for (var step = 0u; step < params.steps; step++) {",
  "      a = exp(-a);",
  "      b = exp(-b);",
  "    }",
  "  }",
  "  output[invocation] = (a + b) + (c + d);",
  "}",
  "",
].join('\n');

export const arithmetic = {
  source,
  "name": "probe/arithmetic",
  "features": [],
  "bindings": {
    "output": {
      "index": 0,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 1,
    "size": 16,
    "fields": {
      "steps": {
        "offset": 0,
        "type": "u32"
      },
      "factor": {
        "offset": 4,
        "type": "f32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "OPERATION": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
