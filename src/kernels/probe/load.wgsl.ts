// Generated from load.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 4481b8f0d7f8e3d0f89a1cf6ffcf711f0b1f055ab48f442708f3470fcbf43a27
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const PER_INVOCATION: u32 = 4u;",
  "const BLOCK: u32 = 64u;",
  "const EXPONENTIALS: u32 = 0u;",
  "",
  "struct Params {",
  "  count: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> sums: array<vec4<f32>>;",
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
  "  var sum = vec4<f32>(0.0);",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    if (EXPONENTIALS == 1u) {",
  "      sum += exp(input[index]);",
  "    } else {",
  "      sum += input[index];",
  "    }",
  "  }",
  "",
  "  if (invocation < arrayLength(&sums)) {",
  "    sums[invocation] = sum;",
  "  }",
  "}",
  "",
].join('\n');

export const load = {
  source,
  "name": "probe/load",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "sums": {
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
    },
    "EXPONENTIALS": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
