// Generated from gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: b64883ba0c7944d2e036b13705509e708430dc0b11210fe80dcfa6f8684bdb58
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const PER_INVOCATION: u32 = 4u;",
  "",
  "const BLOCK: u32 = 64u;",
  "const WEIGHTED: u32 = 1u;",
  "const ALIGNED: u32 = 0u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  locations: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> weights: array<f32>;",
  "@group(0) @binding(1) var<storage, read> labels: array<u32>;",
  "@group(0) @binding(2) var<storage, read> lossGradient: array<f32>;",
  "@group(0) @binding(3) var<storage, read_write> gradient: array<vec4<f32>>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
  "",
  "",
  "fn slope(location: u32, image: u32) -> f32 {",
  "  if (WEIGHTED == 1u) {",
  "    return -lossGradient[image] * weights[location];",
  "  }",
  "  return -lossGradient[image];",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let first = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;",
  "  for (var i = 0u; i < PER_INVOCATION; i++) {",
  "    let index = first + i * BLOCK;",
  "    if (index < params.count) {",
  "      let location = index * 4u / params.classes;",
  "      let column = index * 4u - location * params.classes;",
  "      let image = location / params.locationsPerImage;",
  "      var values = vec4<f32>(0.0);",
  "      if (ALIGNED == 1u) {",
  "        let isLabel = vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(labels[image]);",
  "        values = select(values, vec4<f32>(slope(location, image)), isLabel);",
  "      } else {",
  "        for (var k = 0u; k < 4u; k++) {",
  "",
  "          let place = min((index * 4u + k) / params.classes, params.locations - 1u);",
  "          let owner = place / params.locationsPerImage;",
  "          if ((index * 4u + k) % params.classes == labels[owner]) {",
  "            values[k] = slope(place, owner);",
  "          }",
  "        }",
  "      }",
  "      gradient[index] = values;",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const gradient = {
  source,
  "name": "nll/gradient",
  "features": [],
  "bindings": {
    "weights": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "labels": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "lossGradient": {
      "index": 2,
      "access": "read",
      "element": "f32"
    },
    "gradient": {
      "index": 3,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 4,
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
      "locationsPerImage": {
        "offset": 8,
        "type": "u32"
      },
      "classes": {
        "offset": 12,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "PER_INVOCATION": {
      "type": "u32",
      "value": 4
    },
    "BLOCK": {
      "type": "u32",
      "value": 64
    },
    "WEIGHTED": {
      "type": "u32",
      "value": 1
    },
    "ALIGNED": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
