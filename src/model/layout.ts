/**
 * The two layouts of a convolution's weights. PyTorch's OIHW exists in checkpoints only; everywhere else weights are HWIO, in
 * which a kernel reads neighbouring output channels side by side.
 */

/** [O,I,H,W] -> [H,W,I,O] */
export function oihwToHwio(values: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [outputs = 1, inputs = 1, height = 1, width = 1] = shape;
  const area = height * width;
  const result = new Float32Array(values.length);
  let from = 0;
  for (let output = 0; output < outputs; output++)
    for (let input = 0; input < inputs; input++)
      for (let tap = 0; tap < area; tap++)
        result[(tap * inputs + input) * outputs + output] = values[from++] ?? 0;
  return result;
}

/** [H,W,I,O] -> [O,I,H,W] */
export function hwioToOihw(values: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape;
  const area = height * width;
  const result = new Float32Array(values.length);
  let to = 0;
  for (let output = 0; output < outputs; output++)
    for (let input = 0; input < inputs; input++)
      for (let tap = 0; tap < area; tap++)
        result[to++] = values[(tap * inputs + input) * outputs + output] ?? 0;
  return result;
}
