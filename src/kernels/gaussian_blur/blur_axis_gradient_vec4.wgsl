// As blur_axis_gradient.wgsl, four neighbouring columns at a time (`inner` and `count` are in vec4s), and the result's axes exchanged,
// as in blur_axis_vec4.wgsl.
//   inputGradient[o, i, j, c] = sum over p in {j, -j, 2 (length - 1) - j}, without repetition, and t of
//                               weights[t] * outputGradient[o, p + t - radius, i, c]   where that lies in [0, length)
// outputGradient [outer, length, lines, channels], inner = lines * channels / 4; inputGradient [outer, lines, length, channels].
// One invocation computes eight elements along the axis of four columns: every output's gradient that it reads goes to all eight, each
// with its own weight from a window of weights that slides along. Reads taps + 7 vec4s and weights for them, and near an end more;
// 2 * taps flops an element. Moves 8 bytes an element. Writes with `=`, in a fixed order.

const WORKGROUP: u32 = 64u;
const SEGMENT: u32 = 8u;

struct Params {
  count: u32,
  length: u32,
  inner: u32,
  segments: u32,
  taps: u32,
  channels: u32,
}

// Of eight neighbouring elements along the axis, four columns each.
struct Sums {
  s0: vec4<f32>,
  s1: vec4<f32>,
  s2: vec4<f32>,
  s3: vec4<f32>,
  s4: vec4<f32>,
  s5: vec4<f32>,
  s6: vec4<f32>,
  s7: vec4<f32>,
}

@group(0) @binding(0) var<storage, read> outputGradient: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> inputGradient: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

// Adds weights[t] * (the gradient at start + direction * (k + t)) to the k-th sum, for all t for which there is one.
fn collect(given: Sums, base: u32, start: i32, direction: i32) -> Sums {
  // The gradients from first to end - 1 steps after `start` exist and have a weight.
  let last = i32(params.length) - 1;
  let first = u32(max(select(start - last, -start, direction > 0), 0));
  let end = min(i32(params.taps + SEGMENT) - 1, select(start, last - start, direction > 0) + 1);
  // Written out: SwiftShader keeps structures and arrays in memory.
  var s0 = given.s0;
  var s1 = given.s1;
  var s2 = given.s2;
  var s3 = given.s3;
  var s4 = given.s4;
  var s5 = given.s5;
  var s6 = given.s6;
  var s7 = given.s7;
  var w0 = 0.0;
  var w1 = 0.0;
  var w2 = 0.0;
  var w3 = 0.0;
  var w4 = 0.0;
  var w5 = 0.0;
  var w6 = 0.0;
  var w7 = 0.0;
  // The first step needs the weights of the steps before it.
  var value = vec4<f32>(0.0);
  var step = max(first, SEGMENT - 1u) - (SEGMENT - 1u);
  while (i32(step) < end) {
    // Where all eight have a weight, four steps a round: few, fat rounds are better where each blends what it carries.
    if (step >= max(first, SEGMENT - 1u) && step + 4u <= params.taps && i32(step) + 4 <= end) {
      w7 = w6;
      w6 = w5;
      w5 = w4;
      w4 = w3;
      w3 = w2;
      w2 = w1;
      w1 = w0;
      w0 = weights[step];
      value = outputGradient[base + u32(start + direction * i32(step)) * params.inner];
      s0 += w0 * value;
      s1 += w1 * value;
      s2 += w2 * value;
      s3 += w3 * value;
      s4 += w4 * value;
      s5 += w5 * value;
      s6 += w6 * value;
      s7 += w7 * value;
      w7 = w6;
      w6 = w5;
      w5 = w4;
      w4 = w3;
      w3 = w2;
      w2 = w1;
      w1 = w0;
      w0 = weights[step + 1u];
      value = outputGradient[base + u32(start + direction * i32(step + 1u)) * params.inner];
      s0 += w0 * value;
      s1 += w1 * value;
      s2 += w2 * value;
      s3 += w3 * value;
      s4 += w4 * value;
      s5 += w5 * value;
      s6 += w6 * value;
      s7 += w7 * value;
      w7 = w6;
      w6 = w5;
      w5 = w4;
      w4 = w3;
      w3 = w2;
      w2 = w1;
      w1 = w0;
      w0 = weights[step + 2u];
      value = outputGradient[base + u32(start + direction * i32(step + 2u)) * params.inner];
      s0 += w0 * value;
      s1 += w1 * value;
      s2 += w2 * value;
      s3 += w3 * value;
      s4 += w4 * value;
      s5 += w5 * value;
      s6 += w6 * value;
      s7 += w7 * value;
      w7 = w6;
      w6 = w5;
      w5 = w4;
      w4 = w3;
      w3 = w2;
      w2 = w1;
      w1 = w0;
      w0 = weights[step + 3u];
      value = outputGradient[base + u32(start + direction * i32(step + 3u)) * params.inner];
      s0 += w0 * value;
      s1 += w1 * value;
      s2 += w2 * value;
      s3 += w3 * value;
      s4 += w4 * value;
      s5 += w5 * value;
      s6 += w6 * value;
      s7 += w7 * value;
      step += 4u;
    } else {
      // Whoever does not read this element has no weight for it, which an infinite one must not meet.
      w7 = w6;
      w6 = w5;
      w5 = w4;
      w4 = w3;
      w3 = w2;
      w2 = w1;
      w1 = w0;
      w0 = select(0.0, weights[min(step, params.taps - 1u)], step < params.taps);
      if (step >= first) {
        value = outputGradient[base + u32(start + direction * i32(step)) * params.inner];
        s0 = select(s0, s0 + w0 * value, step < params.taps);
        s1 = select(s1, s1 + w1 * value, step - 1u < params.taps);
        s2 = select(s2, s2 + w2 * value, step - 2u < params.taps);
        s3 = select(s3, s3 + w3 * value, step - 3u < params.taps);
        s4 = select(s4, s4 + w4 * value, step - 4u < params.taps);
        s5 = select(s5, s5 + w5 * value, step - 5u < params.taps);
        s6 = select(s6, s6 + w6 * value, step - 6u < params.taps);
        s7 = select(s7, s7 + w7 * value, step - 7u < params.taps);
      }
      step += 1u;
    }
  }
  return Sums(s0, s1, s2, s3, s4, s5, s6, s7);
}

// Writes one element of four columns, the k-th along the axis, to where the axes are exchanged.
fn store(bases: vec4<u32>, k: u32, value: vec4<f32>) {
  if (k < params.length) {
    let places = bases + k * params.channels;
    inputGradient[places.x] = value.x;
    inputGradient[places.y] = value.y;
    inputGradient[places.z] = value.z;
    inputGradient[places.w] = value.w;
  }
}

// Where the four columns begin in the result: of line i, the element k is at ((o * lines + i) * length + k) * channels.
fn basesOf(outer: u32, column: u32) -> vec4<u32> {
  let elements = 4u * column + vec4<u32>(0u, 1u, 2u, 3u);
  let lines = elements / params.channels;
  let firsts = (outer * (4u * params.inner / params.channels) + lines) * params.length * params.channels;
  return firsts + elements - lines * params.channels;
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
  let row = index / params.inner;
  let column = index - row * params.inner;
  let outer = row / params.segments;
  let first = (row - outer * params.segments) * SEGMENT;
  let base = outer * params.length * params.inner + column;
  let bases = basesOf(outer, column);
  let place = i32(first);
  let last = i32(params.length) - 1;
  let radius = i32(params.taps / 2u);
  // The weights are symmetric: reflections read the other way.
  var sums = collect(Sums(), base, place - radius, 1);
  let direct = sums.s0;
  sums = collect(sums, base, radius - place, -1);
  if (first == 0u) {
    // The first element is no reflection of itself.
    sums.s0 = direct;
  }
  let before = sums;
  sums = collect(sums, base, 2 * last + radius - place, -1);
  // Nor is the last.
  store(bases, first + 0u, select(sums.s0, before.s0, place + 0 == last));
  store(bases, first + 1u, select(sums.s1, before.s1, place + 1 == last));
  store(bases, first + 2u, select(sums.s2, before.s2, place + 2 == last));
  store(bases, first + 3u, select(sums.s3, before.s3, place + 3 == last));
  store(bases, first + 4u, select(sums.s4, before.s4, place + 4 == last));
  store(bases, first + 5u, select(sums.s5, before.s5, place + 5 == last));
  store(bases, first + 6u, select(sums.s6, before.s6, place + 6 == last));
  store(bases, first + 7u, select(sums.s7, before.s7, place + 7 == last));
}
