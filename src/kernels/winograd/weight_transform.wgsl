// Winograd F(4x4,3x3), the weights' side (Lavin and Gray 2016): the 3x3 taps g of an input and an output channel become
//   points = G g G^T,    G = [  1/4     0     0  ]
//                            [ -1/6  -1/6  -1/6  ]
//                            [ -1/6   1/6  -1/6  ]
//                            [ 1/24  1/12   1/6  ]
//                            [ 1/24 -1/12   1/6  ]
//                            [   0     0     1   ]
// TRANSPOSED = 0: points [36][rows = Cin][columns = Cout] of weight [3][3][Cin][Cout]. TRANSPOSED = 1: of the kernel that leads back to
// the input, taps turned by half a circle: points [36][rows = Cout][columns = Cin]. Written with `=`, every element once.
// One invocation transforms the taps of one row and column: 9 loads, 36 stores; neighbours have the next columns, because the stores are
// the many. Moves 4 * 45 bytes a pair of channels.
const WORKGROUP: u32 = 64u;
const TRANSPOSED: u32 = 0u;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read_write> points: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

fn tap(number: u32, row: u32, column: u32) -> f32 {
  let forward = (number * params.rows + row) * params.columns + column;
  let backward = ((8u - number) * params.columns + column) * params.rows + row;
  return weight[select(forward, backward, TRANSPOSED == 1u)];
}

// G times a column (or row) of three.
fn transform(g0: f32, g1: f32, g2: f32) -> array<f32, 6> {
  let outer = (g0 + g2) / 6.0;
  let inner = g1 / 6.0;
  let wide = g0 / 24.0 + g2 / 6.0;
  let half = g1 / 12.0;
  return array<f32, 6>(
    g0 / 4.0,
    -outer - inner,
    inner - outer,
    wide + half,
    wide - half,
    g2,
  );
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP + lane;
  if (index >= params.rows * params.columns) {
    return;
  }
  let row = index / params.columns;
  let column = index % params.columns;
  var rows: array<array<f32, 6>, 3>;
  for (var i = 0u; i < 3u; i++) {
    rows[i] = transform(
      tap(3u * i, row, column),
      tap(3u * i + 1u, row, column),
      tap(3u * i + 2u, row, column),
    );
  }
  let step = params.rows * params.columns;
  for (var j = 0u; j < 6u; j++) {
    let point = transform(rows[0][j], rows[1][j], rows[2][j]);
    for (var i = 0u; i < 6u; i++) {
      points[(i * 6u + j) * step + index] = point[i];
    }
  }
}
