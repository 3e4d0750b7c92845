// Generated from gradient_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: ccdab5fe0c305e55af62461fb11223656d8dde03f0a306fde2c27270031ee451
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const LOG: u32 = 0u;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  quads: u32,",
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
  "  let row = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (row >= params.rows) {",
  "    return;",
  "  }",
  "  let base = row * params.quads;",
  "  var sums = vec4<f32>(0.0);",
  "  for (var i = base; i < base + params.quads; i++) {",
  "    if (LOG == 1u) {",
  "      sums += outputGradient[i];",
  "    } else {",
  "      sums += outputGradient[i] * output[i];",
  "    }",
  "  }",
  "  let sum = (sums.x + sums.y) + (sums.z + sums.w);",
  "  for (var i = base; i < base + params.quads; i++) {",
  "    if (LOG == 1u) {",
  "      inputGradient[i] = outputGradient[i] - exp(output[i]) * sum;",
  "    } else {",
  "      inputGradient[i] = output[i] * (outputGradient[i] - sum);",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const gradientVec4 = {
  source,
  "name": "softmax/gradient_vec4",
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
      "rows": {
        "offset": 0,
        "type": "u32"
      },
      "quads": {
        "offset": 4,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "LOG": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
