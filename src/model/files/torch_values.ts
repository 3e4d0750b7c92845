/** What PyTorch's globals stand for in a pickle: element types, storages and tensors - descriptions only, no numbers. */
import type { SafetensorsDType } from '../safetensors_header.ts';
import { elementSizes } from '../safetensors_header.ts';
import { PickleObject } from './pickle_values.ts';

/** An element type, as `torch.float32` or as the class of its storage. */
export class TorchDType extends PickleObject {
  readonly description: string;
  readonly dtype: SafetensorsDType;

  constructor(description: string, dtype: SafetensorsDType) {
    super();
    this.description = description;
    this.dtype = dtype;
  }

  /** Bytes an element takes. */
  get size(): number {
    return elementSizes[this.dtype];
  }
}

/** A run of numbers that tensors are views of. */
export class TorchStorage extends PickleObject {
  readonly description = 'a storage';
  /** Names the bytes in the file. */
  readonly key: string;
  readonly type: TorchDType;
  /** Bytes of those named by `key` that come before this storage: above 0 for the views that PyTorch before 0.4 stored. */
  readonly begin: number;
  readonly bytes: number;

  constructor(key: string, type: TorchDType, begin: number, bytes: number) {
    super();
    this.key = key;
    this.type = type;
    this.begin = begin;
    this.bytes = bytes;
  }
}

/** A tensor: which elements of a storage it is, checked to lie within it. */
export class TorchTensor extends PickleObject {
  readonly description = 'a tensor';
  readonly storage: TorchStorage;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** In elements; null when they follow each other in row-major order. */
  readonly strides: readonly number[] | null;
  /** The bytes of the storage from its first to its last element. */
  readonly begin: number;
  readonly end: number;

  constructor(
    storage: TorchStorage,
    view: Pick<TorchTensor, 'dtype' | 'shape' | 'strides' | 'begin' | 'end'>,
  ) {
    super();
    this.storage = storage;
    this.dtype = view.dtype;
    this.shape = view.shape;
    this.strides = view.strides;
    this.begin = view.begin;
    this.end = view.end;
  }
}
