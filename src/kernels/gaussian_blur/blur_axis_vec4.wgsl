// As blur_axis.wgsl, four neighbouring columns at a time (`inner` and `count` are in vec4s), and the result's axes exchanged: a second
// pass over the other axis then finds its columns side by side, too.
//   output[o, i, k, c] = sum over t of weights[t] * input[o, reflect(k + t - radius), i, c],  t in [0, taps), taps = 2 radius + 1
// input [outer, length, lines, channels], inner = lines * channels / 4; output [outer, lines, length, channels]; radius < length.
// One invocation computes eight elements along the axis of four columns: every input that it reads goes to all eight, each with its
// own weight from a window of weights that slides along. It reads taps + 7 vec4s and weights for them, and writes 32 scalars.
// Moves 8 bytes and computes 2 * taps flops an element. Writes with `=`.

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

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

fn load(base: u32, place: i32) -> vec4<f32> {
  let last = i32(params.length) - 1;
  // Behind the last element's own reflections lie elements that only a partial segment asks for: any value will do.
  let reflected = clamp(select(abs(place), 2 * last - place, place > last), 0, last);
  return input[base + u32(reflected) * params.inner];
}

// Writes one element of four columns, the k-th along the axis, to where the axes are exchanged.
fn store(bases: vec4<u32>, k: u32, value: vec4<f32>) {
  if (k < params.length) {
    let places = bases + k * params.channels;
    output[places.x] = value.x;
    output[places.y] = value.y;
    output[places.z] = value.z;
    output[places.w] = value.w;
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
  let start = i32(first) - i32(params.taps / 2u);
  // Written out: SwiftShader keeps structures and arrays in memory.
  var s0 = vec4<f32>(0.0);
  var s1 = vec4<f32>(0.0);
  var s2 = vec4<f32>(0.0);
  var s3 = vec4<f32>(0.0);
  var s4 = vec4<f32>(0.0);
  var s5 = vec4<f32>(0.0);
  var s6 = vec4<f32>(0.0);
  var s7 = vec4<f32>(0.0);
  var w0 = 0.0;
  var w1 = 0.0;
  var w2 = 0.0;
  var w3 = 0.0;
  var w4 = 0.0;
  var w5 = 0.0;
  var w6 = 0.0;
  var w7 = 0.0;
  var value = vec4<f32>(0.0);
  var step = 0u;
  while (step < params.taps + SEGMENT - 1u) {
    // Where all eight have a weight, four steps a round: few, fat rounds are better where each blends what it carries.
    if (step >= SEGMENT - 1u && step + 4u <= params.taps) {
      w7 = w6;
      w6 = w5;
      w5 = w4;
      w4 = w3;
      w3 = w2;
      w2 = w1;
      w1 = w0;
      w0 = weights[step];
      value = load(base, start + i32(step));
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
      value = load(base, start + i32(step + 1u));
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
      value = load(base, start + i32(step + 2u));
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
      value = load(base, start + i32(step + 3u));
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
      value = load(base, start + i32(step));
      s0 = select(s0, s0 + w0 * value, step < params.taps);
      s1 = select(s1, s1 + w1 * value, step - 1u < params.taps);
      s2 = select(s2, s2 + w2 * value, step - 2u < params.taps);
      s3 = select(s3, s3 + w3 * value, step - 3u < params.taps);
      s4 = select(s4, s4 + w4 * value, step - 4u < params.taps);
      s5 = select(s5, s5 + w5 * value, step - 5u < params.taps);
      s6 = select(s6, s6 + w6 * value, step - 6u < params.taps);
      s7 = select(s7, s7 + w7 * value, step - 7u < params.taps);
      step += 1u;
    }
  }
  store(bases, first + 0u, s0);
  store(bases, first + 1u, s1);
  store(bases, first + 2u, s2);
  store(bases, first + 3u, s3);
  store(bases, first + 4u, s4);
  store(bases, first + 5u, s5);
  store(bases, first + 6u, s6);
  store(bases, first + 7u, s7);
}
