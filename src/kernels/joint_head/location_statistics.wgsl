// Softmax statistics of every location over its classes, one location an invocation; any number of classes.
//   statistics[m] = (max_c f[m,c], log sum_c exp(f[m,c] - max)),   p(c|x,z) = exp(f[m,c] - max - logSum)
// logits [N,H,W,C], statistics [N,H,W,2]. Reads the logits once: the sum is rescaled when a chunk of CHUNK classes has a new
// maximum. Maximum and log-sum stay apart so that logits of +-1000 lose nothing. Moves 4 C + 8 bytes a location; C exponentials.

const WORKGROUP: u32 = 64u;
const CHUNK: u32 = 8u;

struct Params {
  locations: u32,
  classes: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec2<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

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
  let row = location * params.classes;
  var maximum = logits[row];
  var sum = 0.0;
  var first = 0u;
  for (; first + CHUNK <= params.classes; first += CHUNK) {
    var chunk: array<f32, CHUNK>;
    var chunkMaximum = maximum;
    for (var i = 0u; i < CHUNK; i++) {
      chunk[i] = logits[row + first + i];
      chunkMaximum = max(chunkMaximum, chunk[i]);
    }
    sum *= exp(maximum - chunkMaximum);
    maximum = chunkMaximum;
    for (var i = 0u; i < CHUNK; i++) {
      sum += exp(chunk[i] - maximum);
    }
  }
  for (; first < params.classes; first++) {
    let logit = logits[row + first];
    let larger = max(maximum, logit);
    sum = sum * exp(maximum - larger) + exp(logit - larger);
    maximum = larger;
  }
  statistics[location] = vec2<f32>(maximum, log(sum));
}
