// Generated from copy_columns_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 35ceb88273c646acc889ab5b1900563bff037726452096b7372a1417e070b413
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "const STRIP: u32 = 4u;",
  "",
  "struct Params {",
  "  rows: u32,",
  "  strips: u32,",
  "  width: u32,",
  "  sourceColumns: u32,",
  "  sourceFirst: u32,",
  "  targetColumns: u32,",
  "  targetFirst: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> destination: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  let first = id / params.width;",
  "  if (first >= params.strips) {",
  "    return;",
  "  }",
  "  let column = id - first * params.width;",
  "  for (var row = first; row < params.rows; row += params.strips) {",
  "    destination[row * params.targetColumns + params.targetFirst + column] =",
  "      source[row * params.sourceColumns + params.sourceFirst + column];",
  "  }",
  "}",
  "",
].join('\n');

export const copyColumnsVec4 = {
  source,
  "name": "concat/copy_columns_vec4",
  "features": [],
  "bindings": {
    "source": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "destination": {
      "index": 1,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 2,
    "size": 32,
    "fields": {
      "rows": {
        "offset": 0,
        "type": "u32"
      },
      "strips": {
        "offset": 4,
        "type": "u32"
      },
      "width": {
        "offset": 8,
        "type": "u32"
      },
      "sourceColumns": {
        "offset": 12,
        "type": "u32"
      },
      "sourceFirst": {
        "offset": 16,
        "type": "u32"
      },
      "targetColumns": {
        "offset": 20,
        "type": "u32"
      },
      "targetFirst": {
        "offset": 24,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "STRIP": {
      "type": "u32",
      "value": 4
    }
  }
} as const satisfies KernelModule;
