/** The globals that weights may need, and what they stand for. Anything else is refused by its name. */
import type { PickleBudget, PickleDict, PickleValue } from './pickle_values.ts';
import type { SafetensorsDType } from '../safetensors_header.ts';
import { describeValue, PickleCallable, PickleObject, PickleTuple } from './pickle_values.ts';
import { numpyGlobals } from './numpy_globals.ts';
import { rebuildTensor } from './torch_tensor.ts';
import { setPickleItem } from './pickle.ts';
import { TorchDType, TorchStorage, TorchTensor } from './torch_values.ts';
import { WeightsFileError } from './error.ts';

/** Element types by the classes of their storages, and by their names as dtypes. */
const ELEMENT_TYPES: readonly (readonly [storage: string | null, dtype: string, SafetensorsDType])[] = [
  ['FloatStorage', 'float32', 'F32'],
  ['DoubleStorage', 'float64', 'F64'],
  ['HalfStorage', 'float16', 'F16'],
  ['BFloat16Storage', 'bfloat16', 'BF16'],
  ['LongStorage', 'int64', 'I64'],
  ['IntStorage', 'int32', 'I32'],
  ['ShortStorage', 'int16', 'I16'],
  ['CharStorage', 'int8', 'I8'],
  ['ByteStorage', 'uint8', 'U8'],
  ['BoolStorage', 'bool', 'BOOL'],
  [null, 'uint16', 'U16'],
  [null, 'uint32', 'U32'],
  [null, 'uint64', 'U64'],
  [null, 'float8_e4m3fn', 'F8_E4M3'],
  [null, 'float8_e5m2', 'F8_E5M2'],
];

/** The storage class that PyTorch keeps an element type in; null for types that only PyTorch 2 has. */
export function storageClass(wanted: SafetensorsDType): string | null {
  return ELEMENT_TYPES.find(([, , dtype]) => dtype === wanted)?.[0] ?? null;
}

/** A device, which a tensor of a file no longer has. */
class TorchDevice extends PickleObject {
  readonly description = 'a device';
}

const storageOf = (value: PickleValue | undefined): TorchStorage => {
  if (value instanceof TorchStorage) return value;
  throw new WeightsFileError(`a tensor is built on ${describeValue(value)}, wanted a storage`);
};

const dtypeOf = (value: PickleValue | undefined): TorchDType => {
  if (value instanceof TorchDType) return value;
  throw new WeightsFileError(`an element type is ${describeValue(value)}`);
};

const tensorOf = (value: PickleValue | undefined): TorchTensor => {
  if (value instanceof TorchTensor) return value;
  throw new WeightsFileError(`a parameter is made of ${describeValue(value)}, wanted a tensor`);
};

/** `OrderedDict()`, or of a list of pairs, as Python 2 pickled it. */
function orderedDict([pairs]: readonly PickleValue[], budget: PickleBudget): PickleDict {
  const dict: PickleDict = new Map();
  if (pairs === undefined) return dict;
  if (!Array.isArray(pairs)) throw new WeightsFileError(`an OrderedDict is made of ${describeValue(pairs)}`);
  budget.spend(pairs.length);
  for (const pair of pairs) {
    const items = Array.isArray(pair) ? pair : pair instanceof PickleTuple ? pair.items : [];
    if (items.length !== 2)
      throw new WeightsFileError(`an OrderedDict is made of ${describeValue(pair)}, wanted pairs`);
    setPickleItem(dict, items[0] ?? null, items[1] ?? null);
  }
  return dict;
}

function torchSize([sizes]: readonly PickleValue[]): PickleTuple {
  if (sizes instanceof PickleTuple) return sizes;
  if (Array.isArray(sizes) && sizes.length <= 64) return new PickleTuple([...sizes]);
  throw new WeightsFileError(`a torch.Size is made of ${describeValue(sizes)}`);
}

function callables(): PickleCallable[] {
  return [
    new PickleCallable('collections.OrderedDict', orderedDict),
    new PickleCallable('torch.Size', torchSize),
    new PickleCallable('torch.device', () => new TorchDevice()),
    new PickleCallable('torch._utils._rebuild_tensor', ([storage, ...parts], budget) =>
      rebuildTensor(storageOf(storage), storageOf(storage).type, parts, budget),
    ),
    new PickleCallable('torch._utils._rebuild_tensor_v2', ([storage, ...parts], budget) =>
      rebuildTensor(storageOf(storage), storageOf(storage).type, parts, budget),
    ),
    // (storage of bytes, offset, shape, strides, requires_grad, hooks, dtype, metadata)
    new PickleCallable('torch._utils._rebuild_tensor_v3', ([storage, ...parts], budget) =>
      rebuildTensor(storageOf(storage), dtypeOf(parts[5]), parts, budget),
    ),
    new PickleCallable('torch._utils._rebuild_parameter', ([data]) => tensorOf(data)),
    new PickleCallable('torch._utils._rebuild_parameter_with_state', ([data]) => tensorOf(data)),
    new PickleCallable('torch.nn.parameter.Parameter', ([data]) => tensorOf(data)),
  ];
}

/** Fresh meanings by full name: nothing is shared between two files. */
export function torchGlobals(): ReadonlyMap<string, PickleObject> {
  const globals = new Map<string, PickleObject>();
  for (const callable of [...callables(), ...numpyGlobals()]) globals.set(callable.description, callable);
  for (const [storage, name, dtype] of ELEMENT_TYPES) {
    if (storage !== null) {
      const type = new TorchDType(`torch.${storage}`, dtype);
      globals.set(type.description, type);
      // As PyTorch calls a storage that was on a GPU when it was pickled as itself.
      globals.set(`torch.cuda.${storage}`, type);
    }
    globals.set(`torch.${name}`, new TorchDType(`torch.${name}`, dtype));
  }
  for (const name of ['torch.storage.UntypedStorage', 'torch.UntypedStorage'])
    globals.set(name, new TorchDType(name, 'U8'));
  return globals;
}

/** Types that exist but are not read, for a better message. */
export const UNREAD_TYPES: ReadonlySet<string> = new Set(
  ['ComplexFloat', 'ComplexDouble', 'QInt8', 'QUInt8', 'QInt32', 'QUInt4x2', 'QUInt2x4'].map(
    (name) => `torch.${name}Storage`,
  ),
);
