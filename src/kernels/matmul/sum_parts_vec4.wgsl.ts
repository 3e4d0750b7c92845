// Generated from sum_parts_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 51be8ca14f45e249a624d3986762b4f4f745e77f336886cc4ae1a5eb3cf4f2fb
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "const SLOTS: u32 = 1u;",
  "const RELU: u32 = 0u;",
  "const VECTORS = WORKGROUP / SLOTS;",
  "",
  "struct Params {",
  "  vectors: u32,",
  "",
  "  width: u32,",
  "  parts: u32,",
  "  hasBias: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> parts: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read> bias: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read_write> sum: array<vec4<f32>>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "var<workgroup> partial: array<vec4<f32>, WORKGROUP>;",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let slot = lane / VECTORS;",
  "  let place = (group.x + group.y * groups.x) * VECTORS + lane % VECTORS;",
  "  let inside = place < params.vectors;",
  "  var total = vec4<f32>(0.0);",
  "  if (inside) {",
  "    var part = slot;",
  "",
  "    for (; part + 3u * SLOTS < params.parts; part += 4u * SLOTS) {",
  "      let first = parts[part * params.vectors + place];",
  "      let second = parts[(part + SLOTS) * params.vectors + place];",
  "      let third = parts[(part + 2u * SLOTS) * params.vectors + place];",
  "      let fourth = parts[(part + 3u * SLOTS) * params.vectors + place];",
  "      total = (((total + first) + second) + third) + fourth;",
  "    }",
  "    for (; part < params.parts; part += SLOTS) {",
  "      total += parts[part * params.vectors + place];",
  "    }",
  "  }",
  "  for (var half = SLOTS / 2u; half > 0u; half /= 2u) {",
  "    partial[lane] = total;",
  "    workgroupBarrier();",
  "    if (slot < half) {",
  "      total += partial[lane + half * VECTORS];",
  "    }",
  "    workgroupBarrier();",
  "  }",
  "  if (inside && slot == 0u) {",
  "    total += select(vec4<f32>(0.0), bias[place % params.width], params.hasBias == 1u);",
  "    if (RELU == 1u) {",
  "      total = select(total, vec4<f32>(0.0), total < vec4<f32>(0.0));",
  "    }",
  "    sum[place] = total;",
  "  }",
  "}",
  "",
].join('\n');

export const sumPartsVec4 = {
  source,
  "name": "matmul/sum_parts_vec4",
  "features": [],
  "bindings": {
    "parts": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "bias": {
      "index": 1,
      "access": "read",
      "element": "vec4<f32>"
    },
    "sum": {
      "index": 2,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 3,
    "size": 16,
    "fields": {
      "vectors": {
        "offset": 0,
        "type": "u32"
      },
      "width": {
        "offset": 4,
        "type": "u32"
      },
      "parts": {
        "offset": 8,
        "type": "u32"
      },
      "hasBias": {
        "offset": 12,
        "type": "u32"
      }
    }
  },
  "constants": {
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    },
    "SLOTS": {
      "type": "u32",
      "value": 1
    },
    "RELU": {
      "type": "u32",
      "value": 0
    }
  }
} as const satisfies KernelModule;
