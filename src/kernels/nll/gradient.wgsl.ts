// Generated from gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 128baabdcd596f96ea29c40f8601332c0835af751770b083a4011aed78bdf70d
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const WEIGHTED: u32 = 1u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> weights: array<f32>;",
  "@group(0) @binding(1) var<storage, read> labels: array<u32>;",
  "@group(0) @binding(2) var<storage, read> lossGradient: array<f32>;",
  "@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
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
  "  let location = index / params.classes;",
  "  let image = location / params.locationsPerImage;",
  "  var value = 0.0;",
  "  if (index % params.classes == labels[image]) {",
  "    value = -lossGradient[image];",
  "    if (WEIGHTED == 1u) {",
  "      value *= weights[location];",
  "    }",
  "  }",
  "  gradient[index] = value;",
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
      "element": "f32"
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
      "locationsPerImage": {
        "offset": 4,
        "type": "u32"
      },
      "classes": {
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
    "WEIGHTED": {
      "type": "u32",
      "value": 1
    }
  }
} as const satisfies KernelModule;
