// Generated from store.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 19076cfa401c060c44dbf600a7130e373b65247344d6af5cf80305de7b77fdc4
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const PER_INVOCATION: u32 = 4u;",
  "const BLOCK: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  value: f32,",
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
  "  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    output[index] = vec4<f32>(params.value);",
  "  }",
  "}",
  "",
].join('\n');

export const store = {
  source,
  "name": "probe/store",
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
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "value": {
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
