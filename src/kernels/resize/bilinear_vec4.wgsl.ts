// Generated from bilinear_vec4.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: bba2218e6f071ebca180a596a7b9f226ec7130230cd54b020827955dd6d74029
import type { KernelModule } from '../../runtime/kernel.ts';

const source = [
  "",
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
  "  inputHeight: u32,",
  "  inputWidth: u32,",
  "  height: u32,",
  "  width: u32,",
  "  channels: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;",
  "@group(0) @binding(2) var<uniform> params: Params;",
  "",
  "struct Position {",
  "  low: u32,",
  "  high: u32,",
  "  weight: f32,",
  "}",
  "",
  "",
  "fn locate(place: u32, inputSize: u32, size: u32) -> Position {",
  "  let scaled = max((2u * place + 1u) * inputSize, size) - size;",
  "  let low = scaled / (2u * size);",
  "  let weight = f32(scaled - low * 2u * size) / f32(2u * size);",
  "  return Position(low, min(low + 1u, inputSize - 1u), weight);",
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
  "  let channel = index % params.channels;",
  "  let pixel = index / params.channels;",
  "  let row = pixel / params.width;",
  "  let x = locate(pixel % params.width, params.inputWidth, params.width);",
  "  let y = locate(row % params.height, params.inputHeight, params.height);",
  "  let image = row / params.height * params.inputHeight;",
  "  let above = (image + y.low) * params.inputWidth;",
  "  let below = (image + y.high) * params.inputWidth;",
  "  let upper = mix(",
  "    input[(above + x.low) * params.channels + channel],",
  "    input[(above + x.high) * params.channels + channel],",
  "    x.weight,",
  "  );",
  "  let lower = mix(",
  "    input[(below + x.low) * params.channels + channel],",
  "    input[(below + x.high) * params.channels + channel],",
  "    x.weight,",
  "  );",
  "  output[index] = mix(upper, lower, y.weight);",
  "}",
  "",
].join('\n');

export const bilinearVec4 = {
  source,
  "name": "resize/bilinear_vec4",
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
      "inputHeight": {
        "offset": 4,
        "type": "u32"
      },
      "inputWidth": {
        "offset": 8,
        "type": "u32"
      },
      "height": {
        "offset": 12,
        "type": "u32"
      },
      "width": {
        "offset": 16,
        "type": "u32"
      },
      "channels": {
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
