/** Checks of the sizes that a pickled tensor gives. */
import type { PickleBudget, PickleValue } from './pickle_values.ts';
import type { TorchDType, TorchStorage } from './torch_values.ts';
import { describeValue, PickleTuple } from './pickle_values.ts';
import { TorchTensor } from './torch_values.ts';
import { WeightsFileError } from './error.ts';

// PyTorch's own limit.
const MOST_DIMENSIONS = 64;

/** A whole number from 0 on, exact as a number. */
export function wholeNumber(value: PickleValue | undefined, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new WeightsFileError(`${what} is ${describeValue(value)}, wanted a whole number from 0 on`);
}

function wholeNumbers(value: PickleValue | undefined, what: string): number[] {
  if (!(value instanceof PickleTuple) || value.items.length > MOST_DIMENSIONS)
    throw new WeightsFileError(
      `${what} is ${describeValue(value)}, wanted a tuple of at most ${MOST_DIMENSIONS}`,
    );
  return value.items.map((item) => wholeNumber(item, what));
}

/** a * b, or an error: beyond 2^53 nothing exists that it could count. */
export function checkedProduct(a: number, b: number, what: string): number {
  const product = a * b;
  if (Number.isSafeInteger(product)) return product;
  throw new WeightsFileError(`${what} is beyond counting (${a} times ${b})`);
}

/**
 * A tensor on a storage, as `torch._utils._rebuild_tensor_v2` is told it.
 * @throws WeightsFileError when an element would lie outside of the storage
 */
export function rebuildTensor(
  storage: TorchStorage,
  type: TorchDType,
  parts: readonly (PickleValue | undefined)[],
  budget: PickleBudget,
): TorchTensor {
  const [offsetValue, shapeValue, stridesValue] = parts;
  const offset = wholeNumber(offsetValue, "a tensor's offset");
  const shape = wholeNumbers(shapeValue, "a tensor's shape");
  const strides = wholeNumbers(stridesValue, "a tensor's strides");
  // Shape and strides are copied, of a tuple that may be recalled again and again.
  budget.spend(shape.length);
  if (strides.length !== shape.length)
    throw new WeightsFileError(`a tensor has ${shape.length} sizes and ${strides.length} strides`);
  const elements = shape.reduce((count, size) => checkedProduct(count, size, "a tensor's size"), 1);
  const view = { dtype: type.dtype, shape, strides: isContiguous(shape, strides) ? null : strides };
  if (elements === 0) return new TorchTensor(storage, { ...view, strides: null, begin: 0, end: 0 });

  let last = 0;
  for (const [axis, size] of shape.entries())
    last += checkedProduct(size - 1, strides[axis] ?? 0, "a tensor's extent");
  const begin = checkedProduct(offset, type.size, "a tensor's offset");
  const end = checkedProduct(offset + last + 1, type.size, "a tensor's extent");
  if (end > storage.bytes)
    throw new WeightsFileError(
      `a tensor of shape [${shape.join(',')}] reaches to byte ${end} of its storage, which has ${storage.bytes}`,
    );
  return new TorchTensor(storage, { ...view, begin, end });
}

/** Whether elements follow each other in row-major order; strides of axes of size 1 do not matter. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    const size = shape[axis] ?? 1;
    if (size === 1) continue;
    if (strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}
