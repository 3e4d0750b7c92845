// Generated from statistics.wgsl by `npm run generate`: do not edit.
// wgsl-sha256: 41df129a944782e269beb94c67cfb18e65ff4831e6cc6fad41122eda7b1406f9
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
  "",
  "",
  "const WORKGROUP: u32 = 64u;",
  "",
  "struct Params {",
  "  size: u32,",
  "  channels: u32,",
  "  columns: u32,",
  "  bands: u32,",
  "  phases: u32,",
  "  steps: u32,",
  "  slices: u32,",
  "}",
  "",
  "@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;",
  "@group(0) @binding(1) var<storage, read_write> means: array<vec4<f32>>;",
  "@group(0) @binding(2) var<storage, read_write> deviations: array<vec4<f32>>;",
  "@group(0) @binding(3) var<uniform> params: Params;",
  "",
  "",
  "fn shiftOf(element: u32) -> f32 {",
  "  let channel = element % params.channels;",
  "  return input[channel / 4u][channel % 4u];",
  "}",
  "",
  "@compute @workgroup_size(WORKGROUP)",
  "fn main(",
  "  @builtin(workgroup_id) group: vec3<u32>,",
  "  @builtin(num_workgroups) groups: vec3<u32>,",
  "  @builtin(local_invocation_index) lane: u32,",
  ") {",
  "  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;",
  "  if (id >= params.slices * params.columns) {",
  "    return;",
  "  }",
  "  let columns = params.columns;",
  "  let phases = params.phases;",
  "  let slice = id / columns;",
  "  let column = id - slice * columns;",
  "  let element = 4u * column;",
  "  let shift = vec4<f32>(shiftOf(element), shiftOf(element + 1u), shiftOf(element + 2u), shiftOf(element + 3u));",
  "",
  "  var band = (slice / phases) * phases * params.steps + slice % phases;",
  "  let end = min(band + phases * params.steps, params.bands);",
  "",
  "  let wholeEnd = min(end, params.size / (4u * columns));",
  "  var mean = vec4<f32>(0.0);",
  "  var deviation = vec4<f32>(0.0);",
  "  var count = 0.0;",
  "  for (; band + 3u * phases < wholeEnd; band += 4u * phases) {",
  "    let index = band * columns + column;",
  "    let a = input[index] - shift;",
  "    let b = input[index + phases * columns] - shift;",
  "    let c = input[index + 2u * phases * columns] - shift;",
  "    let d = input[index + 3u * phases * columns] - shift;",
  "    let blockMean = 0.25 * ((a + b) + (c + d));",
  "    let fromA = a - blockMean;",
  "    let fromB = b - blockMean;",
  "    let fromC = c - blockMean;",
  "    let fromD = d - blockMean;",
  "    let blockDeviation = (fromA * fromA + fromB * fromB) + (fromC * fromC + fromD * fromD);",
  "    let weight = 4.0 / (count + 4.0);",
  "    let delta = blockMean - mean;",
  "    mean += delta * weight;",
  "    deviation += blockDeviation + delta * delta * (count * weight);",
  "    count += 4.0;",
  "  }",
  "  for (; band < wholeEnd; band += phases) {",
  "    let value = input[band * columns + column] - shift;",
  "    let delta = value - mean;",
  "    count += 1.0;",
  "    mean += delta / count;",
  "    deviation += delta * (value - mean);",
  "  }",
  "  if (band < end) {",
  "",
  "    let index = band * columns + column;",
  "    let inside = vec4<u32>(4u * index) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size);",
  "    let value = input[index] - shift;",
  "    let delta = select(vec4<f32>(0.0), value - mean, inside);",
  "    mean += delta / (count + 1.0);",
  "    deviation += select(vec4<f32>(0.0), delta * (value - mean), inside);",
  "  }",
  "  means[id] = mean;",
  "  deviations[id] = deviation;",
  "}",
  "",
].join('\n');

export const statistics = {
  source,
  "name": "batch_norm/statistics",
  "features": [],
  "bindings": {
    "input": {
      "index": 0,
      "access": "read",
      "element": "vec4<f32>"
    },
    "means": {
      "index": 1,
      "access": "read_write",
      "element": "vec4<f32>"
    },
    "deviations": {
      "index": 2,
      "access": "read_write",
      "element": "vec4<f32>"
    }
  },
  "params": {
    "index": 3,
    "size": 32,
    "fields": {
      "size": {
        "offset": 0,
        "type": "u32"
      },
      "channels": {
        "offset": 4,
        "type": "u32"
      },
      "columns": {
        "offset": 8,
        "type": "u32"
      },
      "bands": {
        "offset": 12,
        "type": "u32"
      },
      "phases": {
        "offset": 16,
        "type": "u32"
      },
      "steps": {
        "offset": 20,
        "type": "u32"
      },
      "slices": {
        "offset": 24,
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
