// Generated from settle.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: c27d2cbb4d1e85abb1e3b42dc4991c552fcfbb7e03d9dc735cb723ae5c8c0bde
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  size: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> verdict: array<u32>;",
  "@group(0) @binding(1) var<storage, read_write> current: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> saved: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (index >= params.size) {",
  "    return;",
  "  }",
  "  if (verdict[0] != 0u) {",
  "    current[index] = saved[index];",
  "  } else {",
  "    saved[index] = current[index];",
  "  }",
  "}",
  "",
].join('\n');

export const settle = {
  source,
  "name": "non_finite/settle",
  "features": [],
  "bindings": {
    "verdict": {
      "index": 0,
      "access": "read",
      "element": "u32"
    },
    "current": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
    },
    "saved": {
      "index": 2,
      "access": "read_write",
      "element": "f32"
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
