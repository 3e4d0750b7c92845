// Dropout, forward and gradient alike: keeps an element or makes it zero by a hash of the seed and the element's index.
//   output[i] = hash(seed, i) >= threshold ? input[i] * factor : 0,  threshold = probability * 2^32, factor = 1 / (1 - probability)
// The mask is computed again wherever it is needed. It is whole-number arithmetic: the same bits on every adapter.
// One invocation computes one vec4. Moves 8 bytes an element. Writes with `=`; the last vec4 may reach into the padding.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  seed: u32,
  threshold: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

// A bijection of the 32-bit numbers with little bias: lowbias32 of C. Wellons' hash prospector (public domain).
fn mix32(value: vec4<u32>) -> vec4<u32> {
  var x = value;
  x = (x ^ (x >> vec4<u32>(16u))) * 0x7feb352du;
  x = (x ^ (x >> vec4<u32>(15u))) * 0x846ca68bu;
  return x ^ (x >> vec4<u32>(16u));
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
  let element = vec4<u32>(4u * index) + vec4<u32>(0u, 1u, 2u, 3u);
  // The seed enters between two mixings, so that the masks of neighbouring seeds are no shifts of one another.
  let random = mix32(mix32(element) + params.seed * 0x9e3779b9u);
  output[index] = select(vec4<f32>(0.0), input[index] * params.factor, random >= vec4<u32>(params.threshold));
}
