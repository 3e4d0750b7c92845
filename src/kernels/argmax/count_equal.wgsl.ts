// Generated from count_equal.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: a04286532dd2af066861b5c7ee401b9376fd505ffd042279be917d6c0a1553e5
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  size: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> a: array<u32>;",
  "@group(0) @binding(1) var<storage, read> b: array<u32>;",
  "@group(0) @binding(2) var<storage, read_write> count: array<u32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "var<workgroup> partial: array<u32, WORKGROUP>;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(@builtin(local_invocation_index) lane: u32) {",
  "  var equal = 0u;",
  "  for (var i = lane; i < params.size; i += WORKGROUP) {",
  "    equal += select(0u, 1u, a[i] == b[i]);",
  "  }",
  "  partial[lane] = equal;",
  "  workgroupBarrier();",
  "  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {",
  "    if (lane < stride) {",
  "      partial[lane] += partial[lane + stride];",
  "    }",
  "    workgroupBarrier();",
  "  }",
  "  if (lane == 0u) {",
  "    count[0] = partial[0];",
  "  }",
  "}",
  "",
].join('\n');

export const countEqual = {
  source,
  "name": "argmax/count_equal",
  "features": [],
  "bindings": {
    "a": {
      "index": 0,
      "access": "read",
      "element": "u32"
    },
    "b": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "count": {
      "index": 2,
      "access": "read_write",
      "element": "u32"
    }
  },
  "params": {
    "index": 3,
    "size": 16,
    "fields": {
      "size": {
        "offset": 0,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    }
  }
} as const satisfies KernelModule;
