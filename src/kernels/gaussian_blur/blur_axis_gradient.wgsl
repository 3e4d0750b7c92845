// Gradient of blur_axis.wgsl with respect to its input: every element collects from the outputs that read it directly and,
// near an end, from those that read its reflection.
//   inputGradient[o, j, i] = sum over p in {j, -j, 2 (length - 1) - j}, without repetition, and t of
//                            weights[t] * outputGradient[o, p + t - radius, i]   where that lies in [0, length)
// One invocation computes eight elements along the axis: every output's gradient that it reads goes to all eight, each with its own
// weight from a window of weights that slides along. Reads taps + 7 gradients and weights for them, and near an end more; 2 * taps
// flops an element. Moves 8 bytes an element. Writes with `=`, in a fixed order.

const WORKGROUP: u32 = 64u;
const SEGMENT: u32 = 8u;

struct Params {
  count: u32,
  length: u32,
  inner: u32,
  segments: u32,
  taps: u32,
}

// Of eight neighbouring elements.
struct Sums {
  near: vec4<f32>,
  far: vec4<f32>,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> inputGradient: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

// Adds weights[t] * (the gradient at start + direction * (k + t)) to the k-th sum, for all t for which there is one.
fn collect(sums: Sums, base: u32, start: i32, direction: i32) -> Sums {
  // The gradients from first to end - 1 steps after `start` exist and have a weight.
  let last = i32(params.length) - 1;
  let first = max(select(start - last, -start, direction > 0), 0);
  let end = min(i32(params.taps + SEGMENT) - 1, select(start, last - start, direction > 0) + 1);
  var result = sums;
  var near = vec4<f32>(0.0);
  var far = vec4<f32>(0.0);
  // The first step needs the weights of the steps before it.
  for (var step = max(first - i32(SEGMENT) + 1, 0); step < end; step++) {
    far = vec4<f32>(near.w, far.xyz);
    near = vec4<f32>(0.0, near.xyz);
    if (step < i32(params.taps)) {
      near.x = weights[step];
    }
    if (step >= first) {
      let gradient = outputGradient[base + u32(start + direction * step) * params.inner];
      // Whoever does not read this output has weight 0 here, which an infinite gradient must not meet.
      result.near = select(result.near, result.near + near * gradient, near != vec4<f32>(0.0));
      result.far = select(result.far, result.far + far * gradient, far != vec4<f32>(0.0));
    }
  }
  return result;
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
  let column = index % params.inner;
  let row = index / params.inner;
  let outer = row / params.segments;
  let place = (row - outer * params.segments) * SEGMENT;
  let base = outer * params.length * params.inner + column;
  let first = i32(place);
  let last = i32(params.length) - 1;
  let radius = i32(params.taps / 2u);
  // The weights are symmetric: reflections read the other way.
  var sums = collect(Sums(), base, first - radius, 1);
  let direct = sums;
  sums = collect(sums, base, radius - first, -1);
  if (place == 0u) {
    // The first element is no reflection of itself.
    sums.near.x = direct.near.x;
  }
  let before = sums;
  sums = collect(sums, base, 2 * last + radius - first, -1);
  for (var i = 0u; i < min(SEGMENT, params.length - place); i++) {
    var value = select(sums.far[i & 3u], sums.near[i & 3u], i < 4u);
    if (first + i32(i) == last) {
      // Nor is the last.
      value = select(before.far[i & 3u], before.near[i & 3u], i < 4u);
    }
    inputGradient[base + (place + i) * params.inner] = value;
  }
}
