// Generated from sum_parts.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 3b9bf62da6934afc20188994633a2499d6e465399fd55b08cc0b00de30b53935
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  parts: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> parts: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> sum: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (index >= params.count) {",
  "    return;",
  "  }",
  "  var total = 0.0;",
  "  for (var part = 0u; part < params.parts; part++) {",
  "    total += parts[part * params.count + index];",
  "  }",
  "  sum[index] = total;",
  "}",
  "",
].join('\n');

export const sumParts = {
  source,
  "name": "matmul/sum_parts",
  "features": [],
  "bindings": {
    "parts": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "sum": {
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
      },
      "parts": {
        "offset": 4,
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
