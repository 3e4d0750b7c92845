// Generated from normalise.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 39f03553310309e6c6d580efa3326c6019bcc7c4b095223b0902a3cbffe5b337
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
  "const LOG: u32 = 0u;",
  "const ALIGNED: u32 = 0u;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  columns: u32,",
  "  count: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> statistics: array<vec2<f32>>;",
  "@group(0) @binding(2) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let invocation = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let start = invocation / BLOCK * BLOCK * PER_INVOCATION + invocation % BLOCK;",
  "  for (var k = 0u; k < PER_INVOCATION; k++) {",
  "    let index = start + k * BLOCK;",
  "    if (index < params.count) {",
  "      let first = statistics[index * 4u / params.columns];",
  "      var maximum = vec4<f32>(first.x);",
  "      var logSum = vec4<f32>(first.y);",
  "      if (ALIGNED == 0u) {",
  "        for (var i = 1u; i < 4u; i++) {",
  "          let statistic = statistics[min((index * 4u + i) / params.columns, params.rows - 1u)];",
  "          maximum[i] = statistic.x;",
  "          logSum[i] = statistic.y;",
  "        }",
  "      }",
  "      let logarithm = (input[index] - maximum) - logSum;",
  "      if (LOG == 1u) {",
  "        output[index] = logarithm;",
  "      } else {",
  "        output[index] = exp(logarithm);",
  "      }",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const normalise = {
  source,
  "name": "softmax/normalise",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "statistics": {
      "index": 1,
      "access": "read",
      "element": "vec2<f32>"
    },
    "output": {
      "index": 2,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 3,
    "size": 16,
    "fields": {
      "rows": {
        "offset": 0,
        "type": "u32"
      },
      "columns": {
        "offset": 4,
        "type": "u32"
      },
      "count": {
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
    "PER_INVOCATION": {
      "type": "u32",
      "value": 4
    },
    "BLOCK": {
      "type": "u32",
      "value": 64
    },
    "LOG": {
      "type": "u32",
      "value": 0
    },
    "ALIGNED": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
