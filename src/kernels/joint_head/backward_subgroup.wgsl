enable subgroups;

// Gradient of the joint head's loss, a subgroup for as many locations as it has lanes. The same numbers as backward.wgsl, for software
// adapters, whose subgroup is a CPU's vector: neighbouring lanes touch neighbouring vec4s, which is faster there too, and yet
// what belongs to a location is loaded once, by the lane that owns it, and handed round.
// logits, logitGradient as vec4s, `quads` of them (the last may reach into the padding); a subgroup's locations begin with a vec4,
// because its size, LANES, is a multiple of four. A location has at least 4 LANES classes, so that a lane's next vec4, LANES
// further, lies in the same location or the next. With ALIGNED = 1 classes are a multiple of four; otherwise a vec4 may reach into
// the next location. Moves 8 bytes a logit and 20 a location, one exponential a logit. Writes with `=`.

const WORKGROUP: u32 = 64u;
const LANES: u32 = 8u;
const ALIGNED: u32 = 0u;

struct Params {
  locations: u32,
  locationsPerImage: u32,
  classes: u32,
  quads: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read> weights: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> lossGradient: array<f32>;
@group(0) @binding(5) var<storage, read_write> logitGradient: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> locationGradient: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_invocation_id) id: u32,
) {
  let own = (group.x + group.y * groups.x) * WORKGROUP + lane;
  // Lanes behind the last location repeat it: every lane must take part in the shuffles.
  let location = min(own, params.locations - 1u);
  let image = location / params.locationsPerImage;
  let label = labels[image];
  let statistic = statistics[location];
  let weight = weights[location] * lossGradient[image];
  if (own < params.locations) {
    locationGradient[own] = weight.y;
  }

  let offsets = vec4<u32>(0u, 1u, 2u, 3u);
  let steps = (params.classes + 3u) / 4u;
  // LANES * classes / 4 vec4s are the subgroup's; a last step that is not whole ends with them.
  let begin = (own - id) / 4u * params.classes;
  let end = min(begin + LANES / 4u * params.classes, params.quads);
  var index = begin + id;
  // The lane that owns this vec4's first element, and that element's class.
  var owner = 0u;
  var column = 4u * id;
  for (var step = 0u; step < steps; step++) {
    var maximum = vec4<f32>(subgroupShuffle(statistic.x, owner));
    var logSum = vec4<f32>(subgroupShuffle(statistic.y, owner));
    var scale = vec4<f32>(subgroupShuffle(weight.x, owner));
    var isLabel = vec4<u32>(column) + offsets == vec4<u32>(subgroupShuffle(label, owner));
    if (ALIGNED == 0u) {
      let next = min(owner + 1u, LANES - 1u);
      let isOwn = vec4<u32>(column) + offsets < vec4<u32>(params.classes);
      let nextLabel = params.classes + subgroupShuffle(label, next);
      maximum = select(vec4<f32>(subgroupShuffle(statistic.x, next)), maximum, isOwn);
      logSum = select(vec4<f32>(subgroupShuffle(statistic.y, next)), logSum, isOwn);
      scale = select(vec4<f32>(subgroupShuffle(weight.x, next)), scale, isOwn);
      isLabel = select(vec4<u32>(column) + offsets == vec4<u32>(nextLabel), isLabel, isOwn);
    }
    if (index < end) {
      logitGradient[index] = scale * (exp((logits[index] - maximum) - logSum) - vec4<f32>(isLabel));
    }
    index += LANES;
    column += 4u * LANES;
    let wraps = column >= params.classes;
    column = select(column, column - params.classes, wraps);
    owner = select(owner, min(owner + 1u, LANES - 1u), wraps);
  }
}
