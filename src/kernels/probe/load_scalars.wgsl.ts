// Generated from load_scalars.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: deca78767c6486131ab699f6e52d3fd3abeef6373f8505b238761df0881cb853
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
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> sums: array<f32>;",
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
  "  var sum = 0.0;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index >= params.count) {",
  "      break;",
  "    }",
  "    sum += input[index];",
  "  }",
  "",
  "  if (invocation < arrayLength(&sums)) {",
  "    sums[invocation] = sum;",
  "  }",
  "}",
  "",
].join('\n');

export const loadScalars = {
  source,
  "name": "probe/load_scalars",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "sums": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
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
    }
  }
} as const satisfies KernelModule;
