// Softmax statistics of every row over its columns, one row an invocation; columns a multiple of four.
// The same as row_statistics.wgsl with vec4 loads: `quads` is the number of columns / 4, a chunk is QUADS vec4s.

const WORKGROUP: u32 = 64u;
const QUADS: u32 = 5u;

struct Params {
  rows: u32,
  quads: u32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

fn largest(v: vec4<f32>) -> f32 {
  return max(max(v.x, v.y), max(v.z, v.w));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (row >= params.rows) {
    return;
  }
  let base = row * params.quads;
  var maximum = input[base].x;
  var sum = vec4<f32>(0.0);
  var first = 0u;
  for (; first + QUADS <= params.quads; first += QUADS) {
    var chunk: array<vec4<f32>, QUADS>;
    var largests = vec4<f32>(maximum);
    for (var i = 0u; i < QUADS; i++) {
      chunk[i] = input[base + first + i];
      largests = max(largests, chunk[i]);
    }
    let larger = largest(largests);
    sum *= exp(maximum - larger);
    maximum = larger;
    for (var i = 0u; i < QUADS; i++) {
      sum += exp(chunk[i] - maximum);
    }
  }
  for (; first < params.quads; first++) {
    let quad = input[base + first];
    let larger = max(maximum, largest(quad));
    sum = sum * exp(maximum - larger) + exp(quad - larger);
    maximum = larger;
  }
  statistics[row] = vec2<f32>(maximum, log((sum.x + sum.y) + (sum.z + sum.w)));
}
