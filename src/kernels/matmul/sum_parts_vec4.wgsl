// Sum of parts, in a fixed order, by vec4s: the second stage of a sum that was split, where rows are whole vec4s without padding.
//   sum[row, column] = act(parts[0, row, column] + parts[1, row, column] + ... + bias[column])
//   act is the identity, or with RELU = 1 max(., 0), which leaves NaN alone.
// Parts [parts][vectors], sum [vectors], bias [width], in vec4s. SLOTS invocations share the parts of a vec4, each adds every SLOTS-th, then
// a tree: one alone would wait for memory again and again. Moves 4 * (parts + 1) bytes an element; writes with `=`.
const WORKGROUP: u32 = 64u;
// A power of two.
const SLOTS: u32 = 1u;
const RELU: u32 = 0u;
const VECTORS = WORKGROUP / SLOTS;

struct Params {
  vectors: u32,
  // Of a row.
  width: u32,
  parts: u32,
  hasBias: u32,
}

@group(0) @binding(0) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> sum: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> partial: array<vec4<f32>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let slot = lane / VECTORS;
  let place = (group.x + group.y * groups.x) * VECTORS + lane % VECTORS;
  let inside = place < params.vectors;
  var total = vec4<f32>(0.0);
  if (inside) {
    var part = slot;
    // Four loads at a time, so that they wait for memory together.
    for (; part + 3u * SLOTS < params.parts; part += 4u * SLOTS) {
      let first = parts[part * params.vectors + place];
      let second = parts[(part + SLOTS) * params.vectors + place];
      let third = parts[(part + 2u * SLOTS) * params.vectors + place];
      let fourth = parts[(part + 3u * SLOTS) * params.vectors + place];
      total = (((total + first) + second) + third) + fourth;
    }
    for (; part < params.parts; part += SLOTS) {
      total += parts[part * params.vectors + place];
    }
  }
  for (var half = SLOTS / 2u; half > 0u; half /= 2u) {
    partial[lane] = total;
    workgroupBarrier();
    if (slot < half) {
      total += partial[lane + half * VECTORS];
    }
    workgroupBarrier();
  }
  if (inside && slot == 0u) {
    total += select(vec4<f32>(0.0), bias[place % params.width], params.hasBias == 1u);
    if (RELU == 1u) {
      total = select(total, vec4<f32>(0.0), total < vec4<f32>(0.0));
    }
    sum[place] = total;
  }
}
