// Generated from location_statistics.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 9ba92459a8682da92daf8d20f868e783b493967c603b6cb23c3bac1d4be09041
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const CHUNK: u32 = 8u;",
  "",
  "struct Params {",
  "  locations: u32,",
  "  classes: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> logits: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;",
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
  "  let row = location * params.classes;",
  "  var maximum = logits[row];",
  "  var sum = 0.0;",
  "  var first = 0u;",
  "  for (; first + CHUNK <= params.classes; first += CHUNK) {",
  "    var chunk: array<f32, CHUNK>;",
  "    var chunkMaximum = maximum;",
  "    for (var i = 0u; i < CHUNK; i++) {",
  "      chunk[i] = logits[row + first + i];",
  "      chunkMaximum = max(chunkMaximum, chunk[i]);",
  "    }",
  "    sum *= exp(maximum - chunkMaximum);",
  "    maximum = chunkMaximum;",
  "    for (var i = 0u; i < CHUNK; i++) {",
  "      sum += exp(chunk[i] - maximum);",
  "    }",
  "  }",
  "  for (; first < params.classes; first++) {",
  "    let logit = logits[row + first];",
  "    let larger = max(maximum, logit);",
  "    sum = sum * exp(maximum - larger) + exp(logit - larger);",
  "    maximum = larger;",
  "  }",
  "  statistics[location] = vec2<f32>(maximum, log(sum));",
  "}",
  "",
].join('\n');

export const locationStatistics = {
  source,
  "name": "joint_head/location_statistics",
  "features": [],
  "bindings": {
    "logits": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "statistics": {
      "index": 1,
      "access": "read_write",
      "element": "vec2<f32>"
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
      "classes": {
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
    "CHUNK": {
      "type": "u32",
      "value": 8
    }
  }
} as const satisfies KernelModule;
