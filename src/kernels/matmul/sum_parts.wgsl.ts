// Generated from sum_parts.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: a6c789587d11a502c8fe992c7045e00061bed29208d22b30524500b9e72002d7
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const RELU: u32 = 0u;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  columns: u32,",
  "  partColumns: u32,",
  "  parts: u32,",
  "  hasBias: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> parts: array<f32>;",
  "@group(0) @binding(1) var<storage, read> bias: array<f32>;",
  "@group(0) @binding(2) var<storage, read_write> sum: array<f32>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
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
  "  let column = index % params.columns;",
  "  let first = row * params.partColumns + column;",
  "  let size = params.rows * params.partColumns;",
  "  var total = 0.0;",
  "  for (var part = 0u; part < params.parts; part++) {",
  "    total += parts[part * size + first];",
  "  }",
  "  total += select(0.0, bias[column], params.hasBias == 1u);",
  "  sum[index] = select(total, 0.0, RELU == 1u && total < 0.0);",
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
    "bias": {
      "index": 1,
      "access": "read",
      "element": "f32"
    },
    "sum": {
      "index": 2,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 3,
    "size": 32,
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
      },
      "hasBias": {
        "offset": 16,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "RELU": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
