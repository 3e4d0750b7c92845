// Generated from gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 8914add6ad33a279e3a1e8254ce76fcff3b20e4fe0eacfea5e1d57de5da8afd4
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
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
  "  columns: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> output: array<f32>;",
  "@group(0) @binding(1) var<storage, read> outputGradient: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> inputGradient: array<f32>;",
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
  "  let base = row * params.columns;",
  "  var sum = 0.0;",
  "  for (var i = base; i < base + params.columns; i++) {",
  "    if (LOG == 1u) {",
  "      sum += outputGradient[i];",
  "    } else {",
  "      sum += outputGradient[i] * output[i];",
  "    }",
  "  }",
  "  for (var i = base; i < base + params.columns; i++) {",
  "    if (LOG == 1u) {",
  "      inputGradient[i] = outputGradient[i] - exp(output[i]) * sum;",
  "    } else {",
  "      inputGradient[i] = output[i] * (outputGradient[i] - sum);",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const gradient = {
  source,
  "name": "softmax/gradient",
  "features": [],
  "bindings": {
    "output": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "outputGradient": {
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
      "rows": {
        "offset": 0,
        "type": "u32"
      },
      "columns": {
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
