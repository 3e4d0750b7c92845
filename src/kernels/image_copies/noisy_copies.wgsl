// Copies of every image under Gaussian noise, one element an invocation:
//   output[s,n,i] = input[n,i] + deviation[n] * normal(seed, firstCopy + s, i)
// input [N,L], deviations [N], output [S,N,L]. The draw depends on seed, copy and element only, not on the image, nor on how copies
// are dealt to launches: a whole-number hash gives a uniform number, and the inverse of the normal distribution function
// makes it normal; no sine, whose error WGSL leaves wide open.
// Moves 8 bytes an element. Writes with `=`.

const WORKGROUP: u32 = 64u;

struct Params {
  count: u32,
  imageLength: u32,
  images: u32,
  firstCopy: u32,
  seed: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> deviations: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

// lowbias32 of C. Wellons' hash prospector (public domain), as in dropout.wgsl.
fn mix32(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16u)) * 0x7feb352du;
  x = (x ^ (x >> 15u)) * 0x846ca68bu;
  return x ^ (x >> 16u);
}

// The value that a standard normal number falls below with this probability, in (1e-11, 0.5]: PPND7 of M. Wichura, algorithm
// AS 241, Applied Statistics 37 (1988). All its terms are positive, so that nothing cancels.
fn lowerQuantile(probability: f32) -> f32 {
  let q = 0.5 - probability;
  if (q <= 0.425) {
    let r = 0.180625 - q * q;
    let top = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179;
    let bottom = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0;
    return -q * top / bottom;
  }
  let r = sqrt(-log(probability)) - 1.6;
  let top = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777;
  let bottom = (0.12021132975 * r + 0.73700164250) * r + 1.0;
  return -top / bottom;
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
  let element = index % params.imageLength;
  let row = index / params.imageLength;
  let image = row % params.images;
  let copy = params.firstCopy + row / params.images;
  // Seed and copy enter between mixings, so that neighbouring ones are no shifts of one another.
  let random = mix32(mix32(mix32(element) + copy * 0x9e3779b9u) + params.seed * 0x85ebca6bu);
  // 31 bits say how far out, half a step from both ends of (0, 0.5); the last one says on which side.
  let probability = (f32(random >> 1u) + 0.5) * 2.3283064365386963e-10;
  let normal = select(1.0, -1.0, (random & 1u) == 0u) * lowerQuantile(probability);
  output[index] = input[image * params.imageLength + element] + deviations[image] * normal;
}
