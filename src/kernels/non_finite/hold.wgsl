// The optimiser's table of blocks for a step: each block's group, or, where the step is held, SKIP for all, so that it moves nothing.
// One invocation a block; moves 8 bytes a block.

const WORKGROUP: u32 = 64u;
const SKIP: u32 = 0xffffffffu;

struct Params {
  blocks: u32,
}

@group(0) @binding(0) var<storage, read> verdict: array<u32>;
@group(0) @binding(1) var<storage, read> groupsOfBlocks: array<u32>;
@group(0) @binding(2) var<storage, read_write> chosen: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let place = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (place >= params.blocks) {
    return;
  }
  var groupOfBlock = groupsOfBlocks[place];
  if (verdict[0] != 0u) {
    groupOfBlock = SKIP;
  }
  chosen[place] = groupOfBlock;
}
