// Takes back or keeps what a step did to small tensors on its way (running statistics): where the step is held, current = saved, else
// saved = current. One invocation an element; moves 8 bytes an element.

const WORKGROUP: u32 = 64u;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> verdict: array<u32>;
@group(0) @binding(1) var<storage, read_write> current: array<f32>;
@group(0) @binding(2) var<storage, read_write> saved: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (index >= params.size) {
    return;
  }
  if (verdict[0] != 0u) {
    current[index] = saved[index];
  } else {
    saved[index] = current[index];
  }
}
