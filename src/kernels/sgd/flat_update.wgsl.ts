// Generated from flat_update.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: f0327dc940bfb219ec5cc7a8af72977c6a3f5e7706eebc56ca38dc12882a8bfd
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
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
  "const BLOCK: u32 = 64u;",
  "",
  "struct Params {",
  "  size: u32,",
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
  "  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    let old = destination[index];",
  "    let incoming = source[index];",
  "    var updated = old + params.factor * incoming;",
  "    if (OPERATION == 0u) {",
  "      if (params.factor < 0.5) {",
  "        updated = old + params.factor * (incoming - old);",
  "      } else {",
  "        updated = incoming - (1.0 - params.factor) * (incoming - old);",
  "      }",
  "    }",
  "    if (4u * index + 4u > params.size) {",
  "      let inside = vec4<u32>(4u * index) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size);",
  "      updated = select(old, updated, inside);",
  "    }",
  "    destination[index] = updated;",
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
      "size": {
        "offset": 0,
        "type": "u32"
      },
      "count": {
        "offset": 4,
        "type": "u32"
      },
      "factor": {
        "offset": 8,
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
    },
    "BLOCK": {
      "type": "u32",
      "value": 64
    }
  }
} as const satisfies KernelModule;
