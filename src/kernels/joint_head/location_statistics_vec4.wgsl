// Softmax statistics of every location over its classes, one location an invocation; classes a multiple of four.
// The same as location_statistics.wgsl with vec4 loads: `quads` is the number of classes / 4, `logits` has four classes an
// element, and a chunk is QUADS vec4s.

const WORKGROUP: u32 = 64u;
const QUADS: u32 = 5u;

struct Params {
  locations: u32,
  quads: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<vec4<f32>>;
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
  let location = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (location >= params.locations) {
    return;
  }
  let row = location * params.quads;
  var maximum = logits[row].x;
  var sum = vec4<f32>(0.0);
  var first = 0u;
  for (; first + QUADS <= params.quads; first += QUADS) {
    var chunk: array<vec4<f32>, QUADS>;
    var chunkMaximum = vec4<f32>(maximum);
    for (var i = 0u; i < QUADS; i++) {
      chunk[i] = logits[row + first + i];
      chunkMaximum = max(chunkMaximum, chunk[i]);
    }
    let larger = largest(chunkMaximum);
    sum *= exp(maximum - larger);
    maximum = larger;
    for (var i = 0u; i < QUADS; i++) {
      sum += exp(chunk[i] - maximum);
    }
  }
  for (; first < params.quads; first++) {
    let quad = logits[row + first];
    let larger = max(maximum, largest(quad));
    sum = sum * exp(maximum - larger) + exp(quad - larger);
    maximum = larger;
  }
  statistics[location] = vec2<f32>(maximum, log((sum.x + sum.y) + (sum.z + sum.w)));
}
