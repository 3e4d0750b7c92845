import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { formatShape } from '../../runtime/shape.ts';
import { canFuseRowsGradient, launchAffine, launchBinary, launchRowsGradient } from './launch.ts';
import { launchReduce } from '../reduce/launch.ts';
import { reject } from '../../runtime/errors.ts';

/*
 * In all operations of this file, b has a's shape, or holds one value for every row of a: a's leading axes, the further ones
 * being 1 or left out. So [N] or [N,1,1,1] goes with the samples of [N,H,W,C], and [N,H,W,1] with its locations. (NumPy would
 * align [N] with the last axis; here a vector belongs to samples.) They throw ArgumentError for any other shape.
 */

function checkRows(operation: string, a: Tensor, b: Tensor): void {
  const rowAxes = b.shape.findLastIndex((size) => size !== 1) + 1;
  const fits =
    b.shape.length <= a.shape.length &&
    b.shape.slice(0, rowAxes).every((size, axis) => size === a.shape[axis]) &&
    // A shortened b names all its axes, a full one may end in ones.
    (b.shape.length === a.shape.length || b.shape.every((size, axis) => size === a.shape[axis]));
  if (!fits) {
    reject(
      operation,
      'shape of b',
      formatShape(b.shape),
      `${formatShape(a.shape)}, its first axes, or those followed by ones`,
    );
  }
}

/** Brings a gradient of a's shape to the shape of b, by adding up the rows that shared one value of b. */
function sumToRows(tape: Tape, gradient: Tensor, b: Tensor): Tensor {
  const extent = { outer: b.size, length: gradient.size / b.size, inner: 1 };
  return launchReduce(tape, gradient, extent, 'sum', 1, tape.emptyGradient(b));
}

/** The gradients of a product or quotient with a value for each row, in one pass; a's only where it is wanted. */
function rowsGradient(
  tape: Tape,
  operation: 'multiply' | 'divide',
  outputGradient: Tensor,
  a: Tensor,
  b: Tensor,
  saved: Tensor,
): [Tensor | null, Tensor] {
  const bGradient = tape.emptyGradient(b);
  const aGradient = tape.needsGradient(a) ? tape.emptyGradient(a) : null;
  launchRowsGradient(tape, { operation, outputGradient, saved, b, aGradient, bGradient });
  return [aGradient, bGradient];
}

/** a - b, [...a]; b may hold a value for each row of a (a's first axes, then ones or nothing). */
export function subtract(tape: Tape, a: Tensor, b: Tensor): Tensor {
  checkRows('subtract', a, b);
  const output = launchBinary(tape, 'subtract', a, b, tape.empty(a.shape));
  return tape.record('subtract', output, [a, b], (outputGradient) => {
    if (!tape.needsGradient(b)) return [outputGradient, null];
    if (a.size === b.size) {
      const negative = launchAffine(tape, outputGradient, -1, 0, tape.emptyGradient(b));
      return [outputGradient, negative];
    }
    const extent = { outer: b.size, length: a.size / b.size, inner: 1 };
    return [outputGradient, launchReduce(tape, outputGradient, extent, 'sum', -1, tape.emptyGradient(b))];
  });
}

/** a * b, [...a]; b may hold a value for each row of a (a's first axes, then ones or nothing). */
export function multiply(tape: Tape, a: Tensor, b: Tensor): Tensor {
  checkRows('multiply', a, b);
  const output = launchBinary(tape, 'multiply', a, b, tape.empty(a.shape));
  return tape.record('multiply', output, [a, b], (outputGradient) => {
    if (a.size !== b.size && tape.needsGradient(b) && canFuseRowsGradient(a, b))
      return rowsGradient(tape, 'multiply', outputGradient, a, b, a);
    const aGradient = tape.needsGradient(a)
      ? launchBinary(tape, 'multiply', outputGradient, b, tape.emptyGradient(a))
      : null;
    if (!tape.needsGradient(b)) return [aGradient, null];
    if (a.size === b.size)
      return [aGradient, launchBinary(tape, 'multiply', outputGradient, a, tape.emptyGradient(b))];
    const products = launchBinary(tape, 'multiply', outputGradient, a, tape.empty(a.shape));
    return [aGradient, sumToRows(tape, products, b)];
  });
}

/** a / b, [...a]; b may hold a value for each row of a (a's first axes, then ones or nothing). */
export function divide(tape: Tape, a: Tensor, b: Tensor): Tensor {
  checkRows('divide', a, b);
  const output = launchBinary(tape, 'divide', a, b, tape.empty(a.shape));
  return tape.record('divide', output, [a, b], (outputGradient) => {
    if (a.size !== b.size && tape.needsGradient(b) && canFuseRowsGradient(a, b))
      return rowsGradient(tape, 'divide', outputGradient, a, b, output);
    // b's gradient is computed from it, and two parameters' gradients may share a buffer: no launch may read one and write the other.
    const quotient = tape.needsGradient(b) ? tape.empty(a.shape) : tape.emptyGradient(a);
    launchBinary(tape, 'divide', outputGradient, b, quotient);
    if (!tape.needsGradient(b)) return [quotient, null];
    // d(a / b)/db = -(a / b) / b
    if (a.size === b.size)
      return [quotient, launchBinary(tape, 'negatedProduct', quotient, output, tape.emptyGradient(b))];
    const products = launchBinary(tape, 'negatedProduct', quotient, output, tape.empty(a.shape));
    return [quotient, sumToRows(tape, products, b)];
  });
}
