// Number of places at which two lists agree: count[0] = sum_i [a[i] == b[i]]. One workgroup; integers, so any order is exact.

const WORKGROUP: u32 = 64u;

struct Params {
  size: u32,
}

@group(0) @binding(0) var<storage, read> a: array<u32>;
@group(0) @binding(1) var<storage, read> b: array<u32>;
@group(0) @binding(2) var<storage, read_write> count: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> partial: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var equal = 0u;
  for (var i = lane; i < params.size; i += WORKGROUP) {
    equal += select(0u, 1u, a[i] == b[i]);
  }
  partial[lane] = equal;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[lane] += partial[lane + stride];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    count[0] = partial[0];
  }
}
