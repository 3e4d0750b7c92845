/** A file of torch.save as far as both of its formats agree: a pickled value, and tensors whose numbers are elsewhere in the file. */
import type { PickleContext } from './pickle.ts';
import type { PickleValue } from './pickle_values.ts';
import type { StoredTensor } from './stored_tensor.ts';
import { checkedProduct, wholeNumber } from './torch_tensor.ts';
import { describeValue, PickleTuple } from './pickle_values.ts';
import { TorchDType, TorchStorage } from './torch_values.ts';
import { torchGlobals, UNREAD_TYPES } from './torch_globals.ts';
import type { TorchTensor } from './torch_values.ts';
import { quote } from '../safetensors_header.ts';
import { WeightsFileError } from './error.ts';

/** A file taken apart. */
export interface TorchFile {
  readonly format: 'pytorch-zip' | 'pytorch-legacy';
  /** What `torch.load` would return. */
  readonly value: PickleValue;
  /** Where the numbers of a tensor of it are. */
  readonly locate: (tensor: TorchTensor) => StoredTensor;
}

/** A storage that a pickle says the file holds. */
export interface DeclaredStorage {
  readonly key: string;
  readonly bytes: number;
  readonly elements: number;
}

/** What a persistent id says of a storage, and of the view of it that PyTorch before 0.4 stored. */
interface StorageId {
  readonly key: string;
  readonly type: TorchDType;
  /** Of everything under the key. */
  readonly bytes: number;
  readonly view: PickleValue | undefined;
}

/**
 * The machine's context for a file of torch.save.
 * @param declare is told every storage the first time it is seen; throws when the file does not hold it
 */
export function torchContext(declare: (storage: DeclaredStorage) => void): PickleContext {
  const globals = torchGlobals();
  const sizes = new Map<string, number>();
  return {
    global(module, name) {
      // __builtin__ and copy_reg are Python 2's names; none of theirs is on the list either.
      const full = `${module}.${name}`;
      if (UNREAD_TYPES.has(full))
        throw new WeightsFileError(`holds numbers of type ${full}, which are not read`);
      return globals.get(full);
    },
    persistent(id) {
      const { key, type, bytes, view } = parseStorageId(id);
      const known = sizes.get(key);
      if (known === undefined) {
        declare({ key, bytes, elements: bytes / type.size });
        sizes.set(key, bytes);
      } else if (known !== bytes) {
        throw new WeightsFileError(`storage ${quote(key)} has ${bytes} bytes here and ${known} elsewhere`);
      }
      return view === undefined || view === null
        ? new TorchStorage(key, type, 0, bytes)
        : viewOf(key, type, bytes, view);
    },
  };
}

/** ('storage', class, key, location, elements), and in the older format a view or None. */
function parseStorageId(id: PickleValue): StorageId {
  const items = id instanceof PickleTuple ? id.items : [];
  const [kind, type, key, , elements, view] = items;
  if (kind !== 'storage') {
    if (kind === 'module')
      throw new WeightsFileError('holds the class of a whole model; save its state_dict() instead');
    throw new WeightsFileError(`refers to ${describeValue(id)} outside of the pickle, wanted a storage`);
  }
  if (!(type instanceof TorchDType))
    throw new WeightsFileError(`a storage is of type ${describeValue(type)}`);
  if (typeof key !== 'string' || key.length > 256)
    throw new WeightsFileError(`a storage is called ${describeValue(key)}`);
  const bytes = checkedProduct(wholeNumber(elements, "a storage's size"), type.size, "a storage's size");
  return { key, type, bytes, view };
}

/** (key of the view, offset, elements) within the storage. */
function viewOf(key: string, type: TorchDType, bytes: number, view: PickleValue): TorchStorage {
  const [, offset, elements] = view instanceof PickleTuple ? view.items : [];
  const begin = checkedProduct(
    wholeNumber(offset, "a storage view's offset"),
    type.size,
    "a storage view's offset",
  );
  const size = checkedProduct(
    wholeNumber(elements, "a storage view's size"),
    type.size,
    "a storage view's size",
  );
  if (begin + size > bytes)
    throw new WeightsFileError(`a view of storage ${quote(key)} reaches to byte ${begin + size} of ${bytes}`);
  return new TorchStorage(key, type, begin, size);
}
