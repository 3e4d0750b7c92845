// Generated from judge.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 15760569989e9248ba6fa54b94fb1c49999c2f6a8921b96c65879e188e56ee68
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const CHECK_LOSS: u32 = 1u;",
  "",
  "struct Params {",
  "  count: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> found: array<u32>;",
  "@group(0) @binding(1) var<storage, read> loss: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> verdict: array<u32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "var<workgroup> words: array<u32, WORKGROUP>;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(@builtin(local_invocation_index) lane: u32) {",
  "  var any = 0u;",
  "  for (var word = lane; word < params.count; word += WORKGROUP) {",
  "    any |= found[word];",
  "  }",
  "  words[lane] = any;",
  "  workgroupBarrier();",
  "  if (lane == 0u) {",
  "    for (var other = 1u; other < WORKGROUP; other++) {",
  "      any |= words[other];",
  "    }",
  "    if (CHECK_LOSS == 1u && (bitcast<u32>(loss[0]) & 0x7f800000u) == 0x7f800000u) {",
  "      any = 1u;",
  "    }",
  "    if (any != 0u) {",
  "      verdict[0] = 1u;",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const judge = {
  source,
  "name": "non_finite/judge",
  "features": [],
  "bindings": {
    "found": {
      "index": 0,
      "access": "read",
      "element": "u32"
    },
    "loss": {
      "index": 1,
      "access": "read",
      "element": "f32"
    },
    "verdict": {
      "index": 2,
      "access": "read_write",
      "element": "u32"
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
    "CHECK_LOSS": {
      "type": "u32",
      "value": 1
    }
  }
} as const satisfies KernelModule;
