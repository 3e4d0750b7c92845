// Generated from reduce_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 6bd1166374c06c7eb6f33b0777422c0f4784511e1f2bcc02cc0005c1564222e4
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
  "",
  "",
  "",
  "",
  "",
  "const OPERATION: u32 = 0u;",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  count: u32,",
  "  length: u32,",
  "  chunks: u32,",
  "  inner: u32,",
  "  scale: f32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
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
  "  let column = index % params.inner;",
  "  let chunk = (index / params.inner) % params.chunks;",
  "  let row = index / (params.inner * params.chunks);",
  "  var place = (row * params.length + chunk) * params.inner + column;",
  "  var result = input[place];",
  "  for (var k = chunk + params.chunks; k < params.length; k += params.chunks) {",
  "    place += params.chunks * params.inner;",
  "    let value = input[place];",
  "    if (OPERATION == 0u) {",
  "      result += value;",
  "    } else if (OPERATION == 1u) {",
  "      result = max(result, value);",
  "    } else {",
  "      result = min(result, value);",
  "    }",
  "  }",
  "  output[index] = params.scale * result;",
  "}",
  "",
].join('\n');

export const reduceVec4 = {
  source,
  "name": "reduce/reduce_vec4",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "output": {
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
      "length": {
        "offset": 4,
        "type": "u32"
      },
      "chunks": {
        "offset": 8,
        "type": "u32"
      },
      "inner": {
        "offset": 12,
        "type": "u32"
      },
      "scale": {
        "offset": 16,
        "type": "f32"
      }
    }
  },
  "constants": {
    "OPERATION": {
      "type": "u32",
      "value": 0
    },
    "WORKGROUP": {
      "type": "u32",
      "value": 64
    }
  }
} as const satisfies KernelModule;
