// Generated from weighted_map.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 7f8970361e0734b71a833ba5f371347b5b266777c8186382fad2e29a644a2a33
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  locations: u32,",
  "  channels: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> features: array<f32>;",
  "@group(0) @binding(1) var<storage, read> weights: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> map: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
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
  "  let image = index / params.locations;",
  "  var sum = 0.0;",
  "  for (var d = 0u; d < params.channels; d++) {",
  "    sum += weights[image * params.channels + d] * features[index * params.channels + d];",
  "  }",
  "",
  "  map[index] = select(sum, 0.0, sum < 0.0);",
  "}",
  "",
].join('\n');

export const weightedMap = {
  source,
  "name": "grad_cam/weighted_map",
  "features": [],
  "bindings": {
    "features": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "weights": {
      "index": 1,
      "access": "read",
      "element": "f32"
    },
    "map": {
      "index": 2,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 3,
    "size": 16,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "locations": {
        "offset": 4,
        "type": "u32"
      },
      "channels": {
        "offset": 8,
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
