// One step of stochastic gradient descent with momentum over a flat parameter store, as torch.optim.SGD with dampening 0:
//   u = gradient + weightDecay * value
//   velocity = momentum * velocity + u
//   value -= learningRate * (NESTEROV ? u + momentum * velocity : velocity)
// Learning rate and weight decay are those of the group of the parameter that owns the 64-element block; blocks of group
// SKIP stay as they are. Four invocations update a block, each every fourth of its vec4s, so that a group is looked up once.
// Reads 12 bytes and writes 8 an element, 6 to 8 flops. Updates values and velocities in place.

const NESTEROV: u32 = 0u;
const WORKGROUP: u32 = 64u;
const SKIP: u32 = 0xffffffffu;
const VECTORS_PER_BLOCK: u32 = 16u;
const LANES_PER_BLOCK: u32 = 4u;

struct Params {
  blocks: u32,
  momentum: f32,
}

@group(0) @binding(0) var<storage, read> gradients: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> blockGroups: array<u32>;
// Of each group: learning rate, weight decay.
@group(0) @binding(2) var<storage, read> rates: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> values: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> velocities: array<vec4<f32>>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let quarter = (group.x + group.y * groups.x) * WORKGROUP + lane;
  let place = quarter / LANES_PER_BLOCK;
  if (place >= params.blocks) {
    return;
  }
  let parameterGroup = blockGroups[place];
  if (parameterGroup == SKIP) {
    return;
  }
  let rate = rates[parameterGroup];
  let first = place * VECTORS_PER_BLOCK + quarter % LANES_PER_BLOCK;
  // A bound that Mesa knows would make it write the rounds out, and compile them four times as long.
  for (var i = 0u; i < VECTORS_PER_BLOCK * min(params.blocks, 1u); i += LANES_PER_BLOCK) {
    let index = first + i;
    let value = values[index];
    let step = gradients[index] + rate.y * value;
    let velocity = params.momentum * velocities[index] + step;
    velocities[index] = velocity;
    if (NESTEROV == 1u) {
      values[index] = value - rate.x * (step + params.momentum * velocity);
    } else {
      values[index] = value - rate.x * velocity;
    }
  }
}
