// Generated from flat_update.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 865aafcb53f711f33e4e36e63f82cf78b4e57625454752cd85b37e21a1423292
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const OPERATION: u32 = 0u;",
  "const WORKGROUP: u32 = 64u;",
  "const PER_INVOCATION: u32 = 4u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  factor: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> destination: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let first = (group.x + group.y * groups.x) * WORKGROUP * PER_INVOCATION + lane;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * WORKGROUP;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    let old = destination[index];",
  "    let incoming = source[index];",
  "    if (OPERATION == 1u) {",
  "      destination[index] = old + params.factor * incoming;",
  "    } else if (params.factor < 0.5) {",
  "      destination[index] = old + params.factor * (incoming - old);",
  "    } else {",
  "      destination[index] = incoming - (1.0 - params.factor) * (incoming - old);",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const flatUpdate = {
  source,
  "name": "sgd/flat_update",
  "features": [],
  "bindings": {
    "source": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "destination": {
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
      "factor": {
        "offset": 4,
        "type": "f32"
      }
    }
  },
  "constants": {
    "OPERATION": {
      "type": "u32",
      "value": 0
    },
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "PER_INVOCATION": {
      "type": "u32",
      "value": 4
    }
  }
} as const satisfies KernelModule;
