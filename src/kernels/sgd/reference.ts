/** Settings of one parameter in one step. */
export interface SgdReferenceOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** One step of torch.optim.SGD in float64, in place: `values` and `velocities` (zero at first) of one parameter. */
export function sgdReference(
  values: Float64Array,
  velocities: Float64Array,
  gradients: Float64Array,
  { learningRate, weightDecay, momentum, nesterov }: SgdReferenceOptions,
): void {
  for (const [i, gradient] of gradients.entries()) {
    const value = values[i] ?? Number.NaN;
    const step = gradient + weightDecay * value;
    const velocity = momentum * (velocities[i] ?? Number.NaN) + step;
    velocities[i] = velocity;
    values[i] = value - learningRate * (nesterov ? step + momentum * velocity : velocity);
  }
}

/** momentum * slow + (1 - momentum) * current, in place. */
export function movingAverageReference(slow: Float64Array, current: Float64Array, momentum: number): void {
  for (const [i, value] of current.entries())
    slow[i] = momentum * (slow[i] ?? Number.NaN) + (1 - momentum) * value;
}
