// Generated from select_class.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 550929b7d675f53626e89191a5b05597b591cde083699a3c63409b6020847222
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  locations: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "  nanBits: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read> labels: array<u32>;",
  "@group(0) @binding(2) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
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
  "  let label = labels[location / params.locationsPerImage];",
  "  if (label < params.classes) {",
  "    output[location] = input[location * params.classes + label];",
  "  } else {",
  "    output[location] = bitcast<f32>(params.nanBits);",
  "  }",
  "}",
  "",
].join('\n');

export const selectClass = {
  source,
  "name": "nll/select_class",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "labels": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "output": {
      "index": 2,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 3,
    "size": 16,
    "fields": {
      "locations": {
        "offset": 0,
        "type": "u32"
      },
      "locationsPerImage": {
        "offset": 4,
        "type": "u32"
      },
      "classes": {
        "offset": 8,
        "type": "u32"
      },
      "nanBits": {
        "offset": 12,
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
