import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import { toFloat64 } from '../../src/model/safetensors.ts';

/** A tensor's numbers in short; of finite ones but for the counts. Null minimum, maximum and mean: there are none. */
export interface TensorStatistics {
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly mean: number | null;
  readonly nan: number;
  readonly infinite: number;
}

/** Counts in float64. Null for the 8-bit floats, which are not decoded here. */
export function tensorStatistics(tensor: SafetensorsTensor): TensorStatistics | null {
  if (tensor.dtype.startsWith('F8')) return null;
  let [minimum, maximum, sum, nan, infinite] = [Infinity, -Infinity, 0, 0, 0];
  const values = toFloat64(tensor);
  for (const value of values) {
    if (Number.isNaN(value)) nan += 1;
    else if (!Number.isFinite(value)) infinite += 1;
    else {
      minimum = Math.min(minimum, value);
      maximum = Math.max(maximum, value);
      sum += value;
    }
  }
  const finite = values.length - nan - infinite;
  if (finite === 0) return { minimum: null, maximum: null, mean: null, nan, infinite };
  return { minimum, maximum, mean: sum / finite, nan, infinite };
}
