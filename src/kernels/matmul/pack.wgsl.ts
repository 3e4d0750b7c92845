// Generated from pack.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 3888b9c65505b1bea0fef7d02e0d2456962a0fdf6db6c82e63a4f7de3c9d6507
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
  "  matrices: u32,",
  "  sourceRows: u32,",
  "  sourceColumns: u32,",
  "  targetRows: u32,",
  "  targetColumns: u32,",
  "  transposed: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> source: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> result: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let targetColumn = index % params.targetColumns;",
  "  let targetRow = index / params.targetColumns % params.targetRows;",
  "  let m = index / params.targetColumns / params.targetRows;",
  "  if (m >= params.matrices) {",
  "    return;",
  "  }",
  "  let transposed = params.transposed == 1u;",
  "  let row = select(targetRow, targetColumn, transposed);",
  "  let column = select(targetColumn, targetRow, transposed);",
  "  let inside = row < params.sourceRows && column < params.sourceColumns;",
  "  let place = (m * params.sourceRows + row) * params.sourceColumns + column;",
  "  result[index] = select(0.0, source[place], inside);",
  "}",
  "",
].join('\n');

export const pack = {
  source,
  "name": "matmul/pack",
  "features": [],
  "bindings": {
    "source": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "result": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 2,
    "size": 32,
    "fields": {
      "matrices": {
        "offset": 0,
        "type": "u32"
      },
      "sourceRows": {
        "offset": 4,
        "type": "u32"
      },
      "sourceColumns": {
        "offset": 8,
        "type": "u32"
      },
      "targetRows": {
        "offset": 12,
        "type": "u32"
      },
      "targetColumns": {
        "offset": 16,
        "type": "u32"
      },
      "transposed": {
        "offset": 20,
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
