// Generated from combine_gradient_sums.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: b1a86ab6ba7032a4348d7f28b3c8c26962efb379247dfa1521cd79de23a0f9a0
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const CHANNELS: u32 = 8u;",
  "const SLOTS: u32 = 32u;",
  "const WORKGROUP: u32 = CHANNELS * SLOTS;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  channels: u32,",
  "  bandRows: u32,",
  "  slices: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> sums: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> scaleGradient: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> shiftGradient: array<f32>;",
  "@group(0) @binding(3) var<storage, read_write> averages: array<vec2<f32>>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
  "",
  "var<workgroup> partial: array<vec2<f32>, WORKGROUP>;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let slot = lane / CHANNELS;",
  "  let channel = (group.x + group.y * groups.x) * CHANNELS + lane % CHANNELS;",
  "  let rows = params.slices * params.bandRows;",
  "  var sum = vec2<f32>(0.0);",
  "  if (channel < params.channels) {",
  "    for (var row = slot; row < rows; row += SLOTS) {",
  "      let index = row * params.channels + channel;",
  "      sum += vec2<f32>(sums[index], sums[rows * params.channels + index]);",
  "    }",
  "  }",
  "  for (var half = SLOTS / 2u; half > 0u; half /= 2u) {",
  "    partial[lane] = sum;",
  "    workgroupBarrier();",
  "    if (slot < half) {",
  "      sum += partial[lane + half * CHANNELS];",
  "    }",
  "    workgroupBarrier();",
  "  }",
  "  if (slot == 0u && channel < params.channels) {",
  "    shiftGradient[channel] = sum.x;",
  "    scaleGradient[channel] = sum.y;",
  "    averages[channel] = sum / f32(params.rows);",
  "  }",
  "}",
  "",
].join('\n');

export const combineGradientSums = {
  source,
  "name": "batch_norm/combine_gradient_sums",
  "features": [],
  "bindings": {
    "sums": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "scaleGradient": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
    },
    "shiftGradient": {
      "index": 2,
      "access": "read_write",
      "element": "f32"
    },
    "averages": {
      "index": 3,
      "access": "read_write",
      "element": "vec2<f32>"
    }
  },
  "params": {
    "index": 4,
    "size": 16,
    "fields": {
      "rows": {
        "offset": 0,
        "type": "u32"
      },
      "channels": {
        "offset": 4,
        "type": "u32"
      },
      "bandRows": {
        "offset": 8,
        "type": "u32"
      },
      "slices": {
        "offset": 12,
        "type": "u32"
      }
    }
  },
  "constants": {
    "CHANNELS": {
      "type": "u32",
      "value": 8
    },
    "SLOTS": {
      "type": "u32",
      "value": 32
    }
  }
} as const satisfies KernelModule;
