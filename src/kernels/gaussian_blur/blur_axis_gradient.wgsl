// Gradient of blur_axis.wgsl with respect to its input: every element collects from the outputs that read it directly and,
// near an end, from those that read its reflection.
//   inputGradient[o, j, i] = sum over p in {j, -j, 2 (length - 1) - j}, without repetition, and t of
//                            weights[t] * outputGradient[o, p + t - radius, i]   where that lies in [0, length)
// One invocation computes one element, in a fixed order. Moves 8 bytes and computes 2 * taps flops an element.
// Writes with `=`.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  length: u32,
  inner: u32,
  taps: u32,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> inputGradient: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

// What the outputs around a place read of it.
fn collect(base: u32, place: i32) -> f32 {
  let start = place - i32(params.taps / 2u);
  let first = max(-start, 0);
  let end = min(i32(params.taps), i32(params.length) - start);
  var total = 0.0;
  for (var tap = first; tap < end; tap++) {
    total += weights[tap] * outputGradient[base + u32(start + tap) * params.inner];
  }
  return total;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (index >= params.count) {
    return;
  }
  let place = i32(index / params.inner % params.length);
  let last = i32(params.length) - 1;
  let base = index / (params.inner * params.length) * params.length * params.inner + index % params.inner;
  var total = collect(base, place);
  if (place > 0) {
    total += collect(base, -place);
  }
  if (place < last) {
    total += collect(base, 2 * last - place);
  }
  inputGradient[index] = total;
}
