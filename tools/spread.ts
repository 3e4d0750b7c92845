/** Mean and spread of what several runs gave. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; NaN of one run. */
  readonly deviation: number;
}

/** Of one number a run. */
export function spreadOf(numbers: readonly number[]): Spread {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (numbers.length - 1)) };
}

/** As it is printed. */
export function spreadText({ mean, deviation }: Spread, digits = 1): string {
  return `${mean.toFixed(digits)} +- ${deviation.toFixed(digits)}`;
}
