// First stage of batch statistics: mean and sum of squared deviations of every slice of rows, by channel.
//   means[s][e], deviations[s][e] over the bands of slice s, where e counts the elements of a band
// input [rows,C], seen as bands of 4 * columns elements: the fewest rows that fill whole vec4s (one row when C % 4 == 0), so that
// vec4 k of every band holds the same channels and any C is read by vec4s. means, deviations [slices, 4 * columns].
// One invocation owns one vec4 column of one slice and walks `steps` bands, `phases` apart: neighbouring invocations read
// neighbouring vec4s whatever C is. Registers only, no barrier.
// Accuracy: blocks of four rows are centred on their own mean and merged by the pairwise formula of Chan, Golub and LeVeque
// (1979); all values are taken relative to the channel's value in the first row, so that a large mean costs no digits.
// Reads 4 bytes an element, ~4 flops. Writes with `=`; slices without rows get zeros and count 0 in the next stage.

const WORKGROUP: u32 = 64u;

struct Params {
  size: u32,
  channels: u32,
  columns: u32,
  bands: u32,
  phases: u32,
  steps: u32,
  slices: u32,
}

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> means: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> deviations: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

// The channel's value in the first row.
fn shiftOf(element: u32) -> f32 {
  let channel = element % params.channels;
  return input[channel / 4u][channel % 4u];
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (id >= params.slices * params.columns) {
    return;
  }
  let columns = params.columns;
  let phases = params.phases;
  let slice = id / columns;
  let column = id - slice * columns;
  let element = 4u * column;
  let shift = vec4<f32>(shiftOf(element), shiftOf(element + 1u), shiftOf(element + 2u), shiftOf(element + 3u));

  var band = (slice / phases) * phases * params.steps + slice % phases;
  let end = min(band + phases * params.steps, params.bands);
  // Bands that lie wholly within the tensor; the last one may not.
  let wholeEnd = min(end, params.size / (4u * columns));
  var mean = vec4<f32>(0.0);
  var deviation = vec4<f32>(0.0);
  var count = 0.0;
  for (; band + 3u * phases < wholeEnd; band += 4u * phases) {
    let index = band * columns + column;
    let a = input[index] - shift;
    let b = input[index + phases * columns] - shift;
    let c = input[index + 2u * phases * columns] - shift;
    let d = input[index + 3u * phases * columns] - shift;
    let blockMean = 0.25 * ((a + b) + (c + d));
    let fromA = a - blockMean;
    let fromB = b - blockMean;
    let fromC = c - blockMean;
    let fromD = d - blockMean;
    let blockDeviation = (fromA * fromA + fromB * fromB) + (fromC * fromC + fromD * fromD);
    let weight = 4.0 / (count + 4.0);
    let delta = blockMean - mean;
    mean += delta * weight;
    deviation += blockDeviation + delta * delta * (count * weight);
    count += 4.0;
  }
  for (; band < wholeEnd; band += phases) {
    let value = input[band * columns + column] - shift;
    let delta = value - mean;
    count += 1.0;
    mean += delta / count;
    deviation += delta * (value - mean);
  }
  if (band < end) {
    // The rest of a band, whose end is padding of unknown content.
    let index = band * columns + column;
    let inside = vec4<u32>(4u * index) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size);
    let value = input[index] - shift;
    let delta = select(vec4<f32>(0.0), value - mean, inside);
    mean += delta / (count + 1.0);
    deviation += select(vec4<f32>(0.0), delta * (value - mean), inside);
  }
  means[id] = mean;
  deviations[id] = deviation;
}
