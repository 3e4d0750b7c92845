// Generated from gradient.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: f4e961db201e34109c7135067e3dbe1e84f8a9ebb596ff863ef11373f76c0add
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  classes: u32,",
  "  nanBits: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> logits: array<f32>;",
  "@group(0) @binding(1) var<storage, read> labels: array<u32>;",
  "@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;",
  "@group(0) @binding(3) var<storage, read> lossGradient: array<f32>;",
  "@group(0) @binding(4) var<storage, read_write> logitGradient: array<f32>;",
  "@group(0) @binding(5) var<uniform> params: Params;",
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
  "  let row = index / params.classes;",
  "  let label = labels[row];",
  "  let statistic = statistics[row];",
  "  let probability = exp((logits[index] - statistic.x) - statistic.y);",
  "  let gradient = lossGradient[row] * (probability - select(0.0, 1.0, index % params.classes == label));",
  "  logitGradient[index] = select(bitcast<f32>(params.nanBits), gradient, label < params.classes);",
  "}",
  "",
].join('\n');

export const gradient = {
  source,
  "name": "cross_entropy/gradient",
  "features": [],
  "bindings": {
    "logits": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "labels": {
      "index": 1,
      "access": "read",
      "element": "u32"
    },
    "statistics": {
      "index": 2,
      "access": "read",
      "element": "vec2<f32>"
    },
    "lossGradient": {
      "index": 3,
      "access": "read",
      "element": "f32"
    },
    "logitGradient": {
      "index": 4,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 5,
    "size": 16,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "classes": {
        "offset": 4,
        "type": "u32"
      },
      "nanBits": {
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
