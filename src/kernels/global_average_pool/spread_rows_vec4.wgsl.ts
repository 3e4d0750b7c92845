// Generated from spread_rows_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 95ac22f2ed2c74f089e0656a60d74d17c477a406a9b2fa0c3037acc138760428
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  columns: u32,",
  "  rows: u32,",
  "  steps: u32,",
  "  slices: u32,",
  "  factor: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> inputGradient: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (id >= params.count) {",
  "    return;",
  "  }",
  "  let column = id % params.columns;",
  "  let slice = id / params.columns;",
  "  let image = slice / params.slices;",
  "  let first = (slice - image * params.slices) * params.steps;",
  "  let end = min(first + params.steps, params.rows);",
  "  let value = params.factor * outputGradient[image * params.columns + column];",
  "  let start = image * params.rows * params.columns + column;",
  "  for (var row = first; row < end; row++) {",
  "    inputGradient[start + row * params.columns] = value;",
  "  }",
  "}",
  "",
].join('\n');

export const spreadRowsVec4 = {
  source,
  "name": "global_average_pool/spread_rows_vec4",
  "features": [],
  "bindings": {
    "outputGradient": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "inputGradient": {
      "index": 1,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 2,
    "size": 32,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "columns": {
        "offset": 4,
        "type": "u32"
      },
      "rows": {
        "offset": 8,
        "type": "u32"
      },
      "steps": {
        "offset": 12,
        "type": "u32"
      },
      "slices": {
        "offset": 16,
        "type": "u32"
      },
      "factor": {
        "offset": 20,
        "type": "f32"
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
