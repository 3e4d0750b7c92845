/** Writes what torch.save writes since PyTorch 1.6, in the part of pickle that `torch.load(..., weights_only=True)` takes. */
import type { SafetensorsTensor } from '../safetensors_header.ts';
import type { ZipContent } from './zip_writer.ts';
import { checkName, elementSizes, quote } from '../safetensors_header.ts';
import { elementsOf } from './stored_tensor.ts';
import { PickleWriter, rowMajorStrides } from './pickle_writer.ts';
import { storageClass } from './torch_globals.ts';
import { WeightsFileError } from './error.ts';
import { wholeNumber } from './torch_tensor.ts';
import { writeZip } from './zip_writer.ts';

/** Options of `serializeTorch`. */
export interface TorchWriterOptions {
  /**
   * Makes a checkpoint: these, and the state dict under `state_dict`. The released CALM code writes `architecture` and `epoch`. Numbers are
   * whole, from 0 on. Default: the state dict alone.
   */
  readonly fields?: ReadonlyMap<string, string | number>;
}

/**
 * A `.pth` file that `torch.load` opens, with `weights_only=True` too: an OrderedDict of contiguous tensors. The same tensors always give
 * the same bytes.
 * @returns the file in pieces that follow each other, for `new Blob(pieces)` or a file's write; tensors are not copied
 * @throws WeightsFileError on element types that PyTorch 1 does not have, and beyond 4 GiB
 */
export function serializeTorch(
  tensors: Iterable<readonly [string, SafetensorsTensor]>,
  { fields }: TorchWriterOptions = {},
): Uint8Array[] {
  const pickle = new PickleWriter();
  const storages: ZipContent[] = [];
  if (fields !== undefined) {
    pickle.emptyDict();
    pickle.mark();
    for (const [key, value] of fields) {
      pickle.text(key);
      if (typeof value === 'string') pickle.text(value);
      else pickle.integer(wholeNumber(value, key));
    }
    pickle.text('state_dict');
  }
  writeOrderedDict(pickle);
  pickle.mark();
  const names = new Set<string>();
  for (const [name, tensor] of tensors) {
    checkName(name);
    if (names.has(name)) throw new WeightsFileError(`tensor ${quote(name)} occurs twice`);
    names.add(name);
    pickle.text(name);
    writeTensor(pickle, name, tensor, String(storages.length));
    storages.push({ name: `archive/data/${storages.length}`, bytes: tensor.bytes });
  }
  pickle.setItems();
  if (fields !== undefined) pickle.setItems();
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  return writeZip([
    { name: 'archive/data.pkl', bytes: pickle.finish() },
    { name: 'archive/byteorder', bytes: text('little') },
    ...storages,
    { name: 'archive/version', bytes: text('3\n') },
  ]);
}

function writeOrderedDict(pickle: PickleWriter): void {
  pickle.global('collections', 'OrderedDict');
  pickle.emptyTuple();
  pickle.reduce();
}

/** _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks) */
function writeTensor(pickle: PickleWriter, name: string, tensor: SafetensorsTensor, key: string): void {
  const { dtype, shape, bytes } = tensor;
  const storage = storageClass(dtype);
  if (storage === null)
    throw new WeightsFileError(
      `tensor ${quote(name)} is ${dtype}, which a .pth file cannot hold; write safetensors`,
    );
  const elements = elementsOf(tensor);
  if (elements * elementSizes[dtype] !== bytes.length)
    throw new WeightsFileError(
      `tensor ${quote(name)} has ${bytes.length} bytes, which its shape does not take`,
    );
  pickle.global('torch._utils', '_rebuild_tensor_v2');
  pickle.mark();
  pickle.mark();
  pickle.text('storage');
  pickle.global('torch', storage);
  pickle.text(key);
  pickle.text('cpu');
  pickle.integer(elements);
  pickle.tuple();
  pickle.persistentId();
  pickle.integer(0);
  pickle.integers(shape);
  pickle.integers(rowMajorStrides(shape));
  pickle.false();
  writeOrderedDict(pickle);
  pickle.tuple();
  pickle.reduce();
}
