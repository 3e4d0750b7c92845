// Generated from location_statistics_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: f47d4591b566a367c8023f06ec62a28b2f5bcdc904d04948a39bce2e7ec99407
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const QUADS: u32 = 5u;",
  "",
  "struct Params {",
  "  locations: u32,",
  "  quads: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> logits: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "fn largest(v: vec4<f32>) -> f32 {",
  "  return max(max(v.x, v.y), max(v.z, v.w));",
  "}",
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
  "  let row = location * params.quads;",
  "  var maximum = logits[row].x;",
  "  var sum = vec4<f32>(0.0);",
  "  var first = 0u;",
  "  for (; first + QUADS <= params.quads; first += QUADS) {",
  "    var chunk: array<vec4<f32>, QUADS>;",
  "    var chunkMaximum = vec4<f32>(maximum);",
  "    for (var i = 0u; i < QUADS; i++) {",
  "      chunk[i] = logits[row + first + i];",
  "      chunkMaximum = max(chunkMaximum, chunk[i]);",
  "    }",
  "    let larger = largest(chunkMaximum);",
  "    sum *= exp(maximum - larger);",
  "    maximum = larger;",
  "    for (var i = 0u; i < QUADS; i++) {",
  "      sum += exp(chunk[i] - maximum);",
  "    }",
  "  }",
  "  for (; first < params.quads; first++) {",
  "    let quad = logits[row + first];",
  "    let larger = max(maximum, largest(quad));",
  "    sum = sum * exp(maximum - larger) + exp(quad - larger);",
  "    maximum = larger;",
  "  }",
  "  statistics[location] = vec2<f32>(maximum, log((sum.x + sum.y) + (sum.z + sum.w)));",
  "}",
  "",
].join('\n');

export const locationStatisticsVec4 = {
  source,
  "name": "joint_head/location_statistics_vec4",
  "features": [],
  "bindings": {
    "logits": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
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
      "quads": {
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
    "QUADS": {
      "type": "u32",
      "value": 5
    }
  }
} as const satisfies KernelModule;
