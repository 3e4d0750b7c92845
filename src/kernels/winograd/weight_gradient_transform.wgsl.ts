// Generated from weight_gradient_transform.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 8643ce53eca7ca7124682bad126acba129cda0bfe775cd43d28c92d5e15df5d1
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> sums: array<f32>;",
  "@group(0) @binding(1) var<storage, read_write> weightGradient: array<f32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "",
  "fn transform(",
  "  p0: f32,",
  "  p1: f32,",
  "  p2: f32,",
  "  p3: f32,",
  "  p4: f32,",
  "  p5: f32,",
  ") -> array<f32, 3> {",
  "  let sum = (p1 + p2) / 6.0;",
  "  let difference = (p2 - p1) / 6.0;",
  "  let outerSum = p3 + p4;",
  "  let outerDifference = p3 - p4;",
  "  return array<f32, 3>(",
  "    p0 / 4.0 - sum + outerSum / 24.0,",
  "    difference + outerDifference / 12.0,",
  "    outerSum / 6.0 - sum + p5,",
  "  );",
  "}",
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
  "  let step = params.count;",
  "  var rows: array<array<f32, 3>, 6>;",
  "  for (var i = 0u; i < 6u; i++) {",
  "    let first = i * 6u * step + index;",
  "    rows[i] = transform(",
  "      sums[first],",
  "      sums[first + step],",
  "      sums[first + 2u * step],",
  "      sums[first + 3u * step],",
  "      sums[first + 4u * step],",
  "      sums[first + 5u * step],",
  "    );",
  "  }",
  "  for (var j = 0u; j < 3u; j++) {",
  "    let column = transform(rows[0][j], rows[1][j], rows[2][j], rows[3][j], rows[4][j], rows[5][j]);",
  "    for (var i = 0u; i < 3u; i++) {",
  "      weightGradient[(i * 3u + j) * step + index] = column[i];",
  "    }",
  "  }",
  "}",
  "",
].join('\n');

export const weightGradientTransform = {
  source,
  "name": "winograd/weight_gradient_transform",
  "features": [],
  "bindings": {
    "sums": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "weightGradient": {
      "index": 1,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 2,
    "size": 16,
    "fields": {
      "count": {
        "offset": 0,
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
