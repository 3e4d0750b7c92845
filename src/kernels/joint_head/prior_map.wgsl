// Location prior as a map, one location an invocation: priorMap[m] = p(z|x), NaN for an image without a prior (a ReLU that is
// zero everywhere: 0/0). prior [N,P,2] from prior.wgsl, priorMap [N,P]. Moves 12 bytes a location.

const WORKGROUP: u32 = 64u;
const LOG_ZERO: f32 = -1e30;

struct Params {
  locations: u32,
  nanBits: u32,
}

@group(0) @binding(0) var<storage, read> prior: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read_write> priorMap: array<f32>;
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
  let logPrior = prior[location].x;
  priorMap[location] = select(bitcast<f32>(params.nanBits), exp(logPrior), logPrior > 1.5 * LOG_ZERO);
}
