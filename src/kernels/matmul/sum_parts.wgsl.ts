// Generated from sum_parts.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: cebea4c201b951970c60e96d5209f2fe1617589239660d87ad050b5d7325e7c5
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  columns: u32,",
  "  partColumns: u32,",
  "  parts: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> parts: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> sum: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let row = index / params.columns;",
  "  if (row >= params.rows) {",
  "    return;",
  "  }",
  "  let first = row * params.partColumns + index % params.columns;",
  "  let size = params.rows * params.partColumns;",
  "  var total = 0.0;",
  "  for (var part = 0u; part < params.parts; part++) {",
  "    total += parts[part * size + first];",
  "  }",
  "  sum[index] = total;",
  "}",
  "",
].join('\n');

export const sumParts = {
  source,
  "name": "matmul/sum_parts",
  "features": [],
  "bindings": {
    "parts": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "sum": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 2,
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
      "partColumns": {
        "offset": 8,
        "type": "u32"
      },
      "parts": {
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
