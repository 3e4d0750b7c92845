// Brings what was found together: verdict[0] becomes 1 where anything of `found` is not 0, or the loss is not finite, and stays what it
// is otherwise: a step that goes wrong holds those behind it too, until the host has seen it. CHECK_LOSS 0 leaves the loss out. One
// workgroup; each invocation reads every 64th of `count` words.

const WORKGROUP: u32 = 64u;
const CHECK_LOSS: u32 = 1u;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<storage, read> found: array<u32>;
@group(0) @binding(1) var<storage, read> loss: array<f32>;
@group(0) @binding(2) var<storage, read_write> verdict: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> words: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) lane: u32) {
  var any = 0u;
  for (var word = lane; word < params.count; word += WORKGROUP) {
    any |= found[word];
  }
  words[lane] = any;
  workgroupBarrier();
  if (lane == 0u) {
    for (var other = 1u; other < WORKGROUP; other++) {
      any |= words[other];
    }
    if (CHECK_LOSS == 1u && (bitcast<u32>(loss[0]) & 0x7f800000u) == 0x7f800000u) {
      any = 1u;
    }
    if (any != 0u) {
      verdict[0] = 1u;
    }
  }
}
