/** NumPy's scalars, which checkpoints keep accuracies in. Arrays are not weights and stay refused. */
import type { PickleBudget, PickleValue } from './pickle_values.ts';
import { describeValue, PickleCallable, PickleObject, PickleTuple } from './pickle_values.ts';
import { WeightsFileError } from './error.ts';

/** `numpy.dtype('f8')`; the byte order comes with its state. */
class NumpyDType extends PickleObject {
  readonly description = 'a numpy.dtype';
  readonly code: string;

  constructor(code: string) {
    super();
    this.code = code;
  }

  /** State: (3, '<', None, ...). */
  override build(state: PickleValue): void {
    const order = state instanceof PickleTuple ? state.items[1] : undefined;
    if (order !== '<' && order !== '|' && order !== '=')
      throw new WeightsFileError(`a NumPy scalar has byte order ${describeValue(order)}, wanted '<'`);
  }

  read(bytes: Uint8Array): number | boolean {
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = Number(this.code.slice(1));
    const kind = this.code[0];
    const little = true;
    if (size === bytes.length) {
      if (kind === 'f' && size === 8) return data.getFloat64(0, little);
      if (kind === 'f' && size === 4) return data.getFloat32(0, little);
      if (kind === 'i' && size === 8) return Number(data.getBigInt64(0, little));
      if (kind === 'i' && size === 4) return data.getInt32(0, little);
      if (kind === 'u' && size === 8) return Number(data.getBigUint64(0, little));
      if (kind === 'u' && size === 4) return data.getUint32(0, little);
      if (kind === 'b' && size === 1) return data.getUint8(0) !== 0;
    }
    throw new WeightsFileError(`a NumPy scalar is ${this.code} of ${bytes.length} bytes, which is not read`);
  }
}

function scalar([dtype, data]: readonly PickleValue[]): PickleValue {
  // Python 2 had no type for bytes; such a string was decoded when it happened to be UTF-8.
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  if (!(dtype instanceof NumpyDType) || !(bytes instanceof Uint8Array))
    throw new WeightsFileError(
      `a NumPy scalar is made of ${describeValue(dtype)} and ${describeValue(data)}`,
    );
  return dtype.read(bytes);
}

/** Bytes, as protocol 2 spells them: text whose characters are the bytes. */
function encode([text, encoding]: readonly PickleValue[], budget: PickleBudget): Uint8Array {
  if (typeof text !== 'string' || encoding !== 'latin1')
    throw new WeightsFileError(`bytes are made of ${describeValue(text)} by ${describeValue(encoding)}`);
  budget.spend(text.length);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < bytes.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 255) throw new WeightsFileError(`bytes are made of a character ${code}, wanted at most 255`);
    bytes[index] = code;
  }
  return bytes;
}

/** NumPy's part of the allow-list. */
export function numpyGlobals(): PickleCallable[] {
  return [
    new PickleCallable('_codecs.encode', encode),
    new PickleCallable('numpy.dtype', ([code]) => {
      if (typeof code !== 'string' || code.length > 8)
        throw new WeightsFileError(`a numpy.dtype is made of ${describeValue(code)}`);
      return new NumpyDType(code);
    }),
    new PickleCallable('numpy.core.multiarray.scalar', scalar),
    new PickleCallable('numpy._core.multiarray.scalar', scalar),
  ];
}
