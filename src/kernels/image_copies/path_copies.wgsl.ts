// Generated from path_copies.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: dd51102f247b691281ce57de6ab2b4fc1a7de7689c502b775ec8990fe716058e
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
  "  inputSize: u32,",
  "  channels: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<f32>;",
  "@group(0) @binding(1) var<storage, read> baseline: array<f32>;",
  "@group(0) @binding(2) var<storage, read> positions: array<f32>;",
  "@group(0) @binding(3) var<storage, read_write> output: array<f32>;",
  "@group(0) @binding(4) var<uniform> params: Params;",
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
  "  let source = index % params.inputSize;",
  "  let position = positions[index / params.inputSize];",
  "  let part = position * input[source];",
  "",
  "  output[index] = select((1.0 - position) * baseline[source % params.channels] + part, part, position == 1.0);",
  "}",
  "",
].join('\n');

export const pathCopies = {
  source,
  "name": "image_copies/path_copies",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "f32"
    },
    "baseline": {
      "index": 1,
      "access": "read",
      "element": "f32"
    },
    "positions": {
      "index": 2,
      "access": "read",
      "element": "f32"
    },
    "output": {
      "index": 3,
      "access": "read_write",
      "element": "f32"
    }
  },
  "params": {
    "index": 4,
    "size": 16,
    "fields": {
      "count": {
        "offset": 0,
        "type": "u32"
      },
      "inputSize": {
        "offset": 4,
        "type": "u32"
      },
      "channels": {
        "offset": 8,
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
