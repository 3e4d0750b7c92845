// Generated from hold.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 8f4a105920865390eb4bf138af6a197e30f956aa155d54676ca216b129e7845b
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const SKIP: u32 = 0xffffffffu;",
  "",
  "struct Params {",
  "  blocks: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> verdict: array<u32>;",
  "@group(0) @binding(1) var<storage, read> groupsOfBlocks: array<u32>;",
  "@group(0) @binding(2) var<storage, read_write> chosen: array<u32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let place = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (place >= params.blocks) {",
  "    return;",
  "  }",
  "  var groupOfBlock = groupsOfBlocks[place];",
  "  if (verdict[0] != 0u) {",
  "    groupOfBlock = SKIP;",
  "  }",
  "  chosen[place] = groupOfBlock;",
  "}",
  "",
].join('\n');

export const hold = {
  source,
  "name": "non_finite/hold",
  "features": [],
  "bindings": {
    "verdict": {
      "index": 0,
      "access": "read",
      "element": "u32"
    },
    "groupsOfBlocks": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "chosen": {
      "index": 2,
      "access": "read_write",
      "element": "u32"
    }
  },
  "params": {
    "index": 3,
    "size": 16,
    "fields": {
      "blocks": {
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
