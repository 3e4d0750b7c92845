// Generated from find.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 905e1ddc8a09fe54ee4e0464d2f71f6576630b28b89db35b70f45b84c59a1860
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  size: u32,",
  "  first: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> found: array<u32>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "const EXPONENT: u32 = 0x7f800000u;",
  "",
  "fn exponents(index: u32) -> vec4<u32> {",
  "  return bitcast<vec4<u32>>(source[index]) & vec4<u32>(EXPONENT);",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let invocation = group.x * WORKGROUP + lane;",
  "",
  "  let whole = params.size / 4u;",
  "  let share = (whole + groups.x - 1u) / groups.x;",
  "  let end = min(whole, (group.x + 1u) * share);",
  "  var largest = vec4<u32>(0u);",
  "  var index = group.x * share + lane;",
  "  for (; index + 3u * WORKGROUP < end; index += 4u * WORKGROUP) {",
  "    let a = max(exponents(index), exponents(index + WORKGROUP));",
  "    let b = max(exponents(index + 2u * WORKGROUP), exponents(index + 3u * WORKGROUP));",
  "    largest = max(largest, max(a, b));",
  "  }",
  "  for (; index < end; index += WORKGROUP) {",
  "    largest = max(largest, exponents(index));",
  "  }",
  "  if (invocation == 0u && params.size % 4u != 0u) {",
  "    let inside = vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size % 4u);",
  "    largest = max(largest, select(vec4<u32>(0u), exponents(whole), inside));",
  "  }",
  "  found[params.first + invocation] = select(0u, 1u, any(largest == vec4<u32>(EXPONENT)));",
  "}",
  "",
].join('\n');

export const find = {
  source,
  "name": "non_finite/find",
  "features": [],
  "bindings": {
    "source": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "found": {
      "index": 1,
      "access": "read_write",
      "element": "u32"
    }
  },
  "params": {
    "index": 2,
    "size": 16,
    "fields": {
      "size": {
        "offset": 0,
        "type": "u32"
      },
      "first": {
        "offset": 4,
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
