// Generated from loss.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 1128dcd426a848353d161151a614045fe42dcc52874f4d75d14163b6cb349757
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const WEIGHTED: u32 = 1u;",
  "",
  "struct Params {",
  "  images: u32,",
  "  locationsPerImage: u32,",
  "  classes: u32,",
  "  nanBits: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> logProbabilities: array<f32>;",
  "@group(0) @binding(1) var<storage, read> weights: array<f32>;",
  "@group(0) @binding(2) var<storage, read> labels: array<u32>;",
  "@group(0) @binding(3) var<storage, read_write> loss: array<f32>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
  "",
  "var<workgroup> partial: array<f32, WORKGROUP>;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let image = group.x + group.y * groups.x;",
  "  if (image >= params.images) {",
  "    return;",
  "  }",
  "  let label = min(labels[image], params.classes - 1u);",
  "  var sum = 0.0;",
  "  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {",
  "    let location = image * params.locationsPerImage + z;",
  "    let value = logProbabilities[location * params.classes + label];",
  "    if (WEIGHTED == 0u) {",
  "      sum -= value;",
  "    } else if (weights[location] != 0.0) {",
  "      sum -= weights[location] * value;",
  "    }",
  "  }",
  "  partial[lane] = sum;",
  "  workgroupBarrier();",
  "  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {",
  "    if (lane < stride) {",
  "      partial[lane] += partial[lane + stride];",
  "    }",
  "    workgroupBarrier();",
  "  }",
  "  if (lane == 0u) {",
  "    loss[image] = select(bitcast<f32>(params.nanBits), partial[0], labels[image] < params.classes);",
  "  }",
  "}",
  "",
].join('\n');

export const loss = {
  source,
  "name": "nll/loss",
  "features": [],
  "bindings": {
    "logProbabilities": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "weights": {
      "index": 1,
      "access": "read",
      "element": "f32"
    },
    "labels": {
      "index": 2,
      "access": "read",
      "element": "u32"
    },
    "loss": {
      "index": 3,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 4,
    "size": 16,
    "fields": {
      "images": {
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
    },
    "WEIGHTED": {
      "type": "u32",
      "value": 1
    }
  }
} as const satisfies KernelModule;
