// Generated from channel_weights.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 0ddaafcfb01819f7e43c881a2b246f550def54f6fcf6c18173d6afcb3fa3a8e9
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const PLUS: u32 = 0u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  locations: u32,",
  "  channels: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> features: array<f32>;",
  "@group(0) @binding(1) var<storage, read> gradients: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> weights: array<f32>;",
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
  "  let image = index / params.channels;",
  "  let first = image * params.locations * params.channels + index % params.channels;",
  "  var total = 0.0;",
  "  if (PLUS == 1u) {",
  "    for (var z = 0u; z < params.locations; z++) {",
  "      total += features[first + z * params.channels];",
  "    }",
  "  }",
  "  var sum = 0.0;",
  "  for (var z = 0u; z < params.locations; z++) {",
  "    let gradient = gradients[first + z * params.channels];",
  "    if (PLUS == 0u) {",
  "      sum += gradient;",
  "    } else if (!(gradient <= 0.0)) {",
  "      sum += gradient / (2.0 + gradient * total);",
  "    }",
  "  }",
  "  weights[index] = select(sum / f32(params.locations), sum, PLUS == 1u);",
  "}",
  "",
].join('\n');

export const channelWeights = {
  source,
  "name": "grad_cam/channel_weights",
  "features": [],
  "bindings": {
    "features": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "gradients": {
      "index": 1,
      "access": "read",
      "element": "f32"
    },
    "weights": {
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
    },
    "PLUS": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
