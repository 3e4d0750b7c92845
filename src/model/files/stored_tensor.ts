/** Tensors of a file before they are read, and how many of them are read together. */
import type { ByteSource } from './byte_source.ts';
import type { SafetensorsDType, SafetensorsTensor } from '../safetensors_header.ts';
import { elementSizes, quote } from '../safetensors_header.ts';
import { WeightsFileError } from './error.ts';

/** What a file's directory says of a tensor. */
export interface TensorInfo {
  readonly dtype: SafetensorsDType;
  /** Row-major sizes, in PyTorch's layout (OIHW); `[]` is a scalar. */
  readonly shape: readonly number[];
}

/** A tensor and where its numbers are. */
export interface StoredTensor extends TensorInfo {
  /** In elements; null: they follow each other in row-major order. */
  readonly strides: readonly number[] | null;
  readonly source: ByteSource;
  /** From its first to its last element, in the source. */
  readonly begin: number;
  readonly end: number;
}

/** Bytes of all tensors of a file, expanded ones and views counted in full, over the bytes of the file; plus a slack for tiny files. */
const EXPANSION = 4;
const EXPANSION_SLACK = 1 << 24;

/** Elements of a shape. */
export function elementsOf({ shape }: Pick<TensorInfo, 'shape'>): number {
  return shape.reduce((count, size) => count * size, 1);
}

/**
 * Refuses tensors that stand for far more numbers than the file has (views with stride 0 can stand for any number).
 * @throws WeightsFileError naming the first tensor that is too much
 */
export function checkExpansion(tensors: Iterable<readonly [string, StoredTensor]>, fileSize: number): void {
  const most = EXPANSION * fileSize + EXPANSION_SLACK;
  let total = 0;
  for (const [name, tensor] of tensors) {
    total += elementsOf(tensor) * elementSizes[tensor.dtype];
    if (total > most)
      throw new WeightsFileError(
        `tensor ${quote(name)}: up to here tensors stand for ${total} bytes, wanted at most ${most} for a file of ${fileSize}`,
      );
  }
}

/**
 * Reads tensors. What overlaps is read once, and contiguous tensors are views of it, so that shared storages take their memory
 * once.
 */
export async function readTensors(
  tensors: ReadonlyMap<string, StoredTensor>,
): Promise<Map<string, SafetensorsTensor>> {
  const bySource = new Map<ByteSource, [string, StoredTensor][]>();
  for (const entry of tensors) {
    const list = bySource.get(entry[1].source) ?? [];
    list.push(entry);
    bySource.set(entry[1].source, list);
  }
  const read = new Map<string, SafetensorsTensor>();
  for (const [source, entries] of bySource) await readOverlapping(source, entries, read);
  // In the order that was asked for.
  return new Map(
    Array.from(tensors.keys(), (name) => [name, read.get(name)] as const).filter(
      (entry): entry is readonly [string, SafetensorsTensor] => entry[1] !== undefined,
    ),
  );
}

async function readOverlapping(
  source: ByteSource,
  entries: readonly [string, StoredTensor][],
  read: Map<string, SafetensorsTensor>,
): Promise<void> {
  const sorted = entries.toSorted(([, first], [, second]) => first.begin - second.begin);
  for (let first = 0; first < sorted.length;) {
    const begin = sorted[first]?.[1].begin ?? 0;
    let end = sorted[first]?.[1].end ?? 0;
    let next = first + 1;
    for (; next < sorted.length; next += 1) {
      const tensor = sorted[next]?.[1];
      if (tensor === undefined || tensor.begin >= end) break;
      end = Math.max(end, tensor.end);
    }
    const bytes = end > begin ? await source.read(begin, end) : new Uint8Array();
    for (const [name, tensor] of sorted.slice(first, next))
      read.set(name, materialise(tensor, bytes.subarray(tensor.begin - begin, tensor.end - begin)));
    first = next;
  }
}

/** The tensor of the bytes from its first to its last element. */
function materialise({ dtype, shape, strides }: StoredTensor, span: Uint8Array): SafetensorsTensor {
  return { dtype, shape, bytes: strides === null ? span : gather(span, elementSizes[dtype], shape, strides) };
}

/** Puts elements that lie apart (a transposed or expanded tensor) into row-major order. */
function gather(
  span: Uint8Array,
  elementSize: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const count = elementsOf({ shape });
  const result = new Uint8Array(count * elementSize);
  const index = shape.map(() => 0);
  let from = 0;
  for (let element = 0; element < count; element += 1) {
    for (let byte = 0; byte < elementSize; byte += 1)
      result[element * elementSize + byte] = span[from * elementSize + byte] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const stride = strides[axis] ?? 0;
      index[axis] = (index[axis] ?? 0) + 1;
      from += stride;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      from -= stride * (shape[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return result;
}
