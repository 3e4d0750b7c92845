// Generated from prior_map.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: dbab3ff5a54ac38111ce1fed46a4b31d19c22f8f6fb04986de47021a57987795
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const LOG_ZERO: f32 = -1e30;",
  "",
  "struct Params {",
  "  locations: u32,",
  "  nanBits: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> prior: array<vec2<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> priorMap: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let location = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (location >= params.locations) {",
  "    return;",
  "  }",
  "  let logPrior = prior[location].x;",
  "  priorMap[location] = select(bitcast<f32>(params.nanBits), exp(logPrior), logPrior > 1.5 * LOG_ZERO);",
  "}",
  "",
].join('\n');

export const priorMap = {
  source,
  "name": "joint_head/prior_map",
  "features": [],
  "bindings": {
    "prior": {
      "index": 0,
      "access": "read",
      "element": "vec2<f32>"
    },
    "priorMap": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 2,
    "size": 16,
    "fields": {
      "locations": {
        "offset": 0,
        "type": "u32"
      },
      "nanBits": {
        "offset": 4,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "LOG_ZERO": {
      "type": "f32",
      "value": -1e+30
    }
  }
} as const satisfies KernelModule;
