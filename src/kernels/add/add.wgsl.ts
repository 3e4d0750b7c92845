// Generated from add.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 796dc93816c95cdde21a59628895db4ce5a4fb9f80060aab0e5b91f9d2f8fd89
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
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
  "@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read_write> sum: array<vec4<f32>>;",
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
  "    sum[index] = a[index] + b[index];",
  "  }",
  "}",
  "",
].join('\n');

export const add = {
  source,
  "name": "add/add",
  "features": [],
  "bindings": {
    "a": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "b": {
      "index": 1,
      "access": "read",
      "element": "vec4<f32>"
    },
    "sum": {
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
