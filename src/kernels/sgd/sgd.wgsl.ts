// Generated from sgd.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: c84d5ffc6ff859fc074383e9a3e700e9ce7c820d76e7a56d3be8b694d12dbe8f
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "const NESTEROV: u32 = 0u;",
  "const WORKGROUP: u32 = 64u;",
  "const SKIP: u32 = 0xffffffffu;",
  "const VECTORS_PER_BLOCK: u32 = 16u;",
  "const LANES_PER_BLOCK: u32 = 4u;",
  "",
  "struct Params {",
  "  blocks: u32,",
  "  momentum: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> gradients: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> blockGroups: array<u32>;",
  "",
  "@group(0) @binding(2) var<storage, read> rates: array<vec2<f32>>;",
  "@group(0) @binding(3) var<storage, read_write> values: array<vec4<f32>>;",
  "@group(0) @binding(4) var<storage, read_write> velocities: array<vec4<f32>>;",
  "@group(0) @binding(5) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let quarter = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let place = quarter / LANES_PER_BLOCK;",
  "  if (place >= params.blocks) {",
  "    return;",
  "  }",
  "  let parameterGroup = blockGroups[place];",
  "  if (parameterGroup == SKIP) {",
  "    return;",
  "  }",
  "  let rate = rates[parameterGroup];",
  "  let first = place * VECTORS_PER_BLOCK + quarter % LANES_PER_BLOCK;",
  "",
  "  for (var i = 0u; i < VECTORS_PER_BLOCK * min(params.blocks, 1u); i += LANES_PER_BLOCK) {",
  "    let index = first + i;",
  "    let value = values[index];",
  "    let step = gradients[index] + rate.y * value;",
  "    let velocity = params.momentum * velocities[index] + step;",
  "    velocities[index] = velocity;",
  "    if (NESTEROV == 1u) {",
  "      values[index] = value - rate.x * (step + params.momentum * velocity);",
  "    } else {",
  "      values[index] = value - rate.x * velocity;",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const sgd = {
  source,
  "name": "sgd/sgd",
  "features": [],
  "bindings": {
    "gradients": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "blockGroups": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "rates": {
      "index": 2,
      "access": "read",
      "element": "vec2<f32>"
    },
    "values": {
      "index": 3,
      "access": "read_write",
      "element": "vec4<f32>"
    },
    "velocities": {
      "index": 4,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 5,
    "size": 16,
    "fields": {
      "blocks": {
        "offset": 0,
        "type": "u32"
      },
      "momentum": {
        "offset": 4,
        "type": "f32"
      }
    }
  },
  "constants": {
    "NESTEROV": {
      "type": "u32",
      "value": 0
    },
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "VECTORS_PER_BLOCK": {
      "type": "u32",
      "value": 16
    },
    "LANES_PER_BLOCK": {
      "type": "u32",
      "value": 4
    }
  }
} as const satisfies KernelModule;
