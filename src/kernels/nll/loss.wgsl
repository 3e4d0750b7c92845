// Pixelwise negative log-likelihood, one image a workgroup:
//   loss[n] = -sum_z q[n,z] logProbabilities[n,z,y],  y = labels[n];  q = 1 with WEIGHTED = 0
// logProbabilities [N,P,C], weights q [N,P] (any buffer with WEIGHTED = 0), labels [N], loss [N]. Where q is 0 the logarithm may
// be -infinity. A label >= C gives NaN and reads nothing.
// Each invocation walks every WORKGROUP-th location; the sum is a tree of fixed order.

const WORKGROUP: u32 = 64u;
const WEIGHTED: u32 = 1u;

struct Params {
  images: u32,
  locationsPerImage: u32,
  classes: u32,
  nanBits: u32,
}

@group(0) @binding(0) var<storage, read> logProbabilities: array<f32>;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> partial: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let image = group.x + group.y * groups.x;
  if (image >= params.images) {
    return;
  }
  let label = min(labels[image], params.classes - 1u);
  var sum = 0.0;
  for (var z = lane; z < params.locationsPerImage; z += WORKGROUP) {
    let location = image * params.locationsPerImage + z;
    let value = logProbabilities[location * params.classes + label];
    if (WEIGHTED == 0u) {
      sum -= value;
    } else if (weights[location] != 0.0) {
      sum -= weights[location] * value;
    }
  }
  partial[lane] = sum;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      partial[lane] += partial[lane + stride];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    loss[image] = select(bitcast<f32>(params.nanBits), partial[0], labels[image] < params.classes);
  }
}
