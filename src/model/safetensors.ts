/**
 * The safetensors format: 8 bytes little-endian header length, a JSON header, raw little-endian tensors without gaps.
 * Source: https://github.com/huggingface/safetensors (section "Format"). Files may come from anywhere: everything is checked,
 * and sizes are checked before anything is allocated.
 */
import {
  bfloat16BitsToFloat32,
  float16BitsToFloat32,
  float32ToBfloat16Bits,
  float32ToFloat16Bits,
} from './half.ts';
import type { SafetensorsDType, SafetensorsTensor } from './safetensors_header.ts';
import { dataStart, parseDirectory } from './safetensors_directory.ts';
import {
  checkEntry,
  checkName,
  elementSizes,
  metadataName,
  quote,
  SafetensorsError,
} from './safetensors_header.ts';

export type { SafetensorsDType, SafetensorsTensor } from './safetensors_header.ts';
export { SafetensorsError } from './safetensors_header.ts';

/** A file taken apart. */
export interface SafetensorsFile {
  /** The strings of `__metadata__`. */
  readonly metadata: Map<string, string>;
  /** The tensors in the order of their data. */
  readonly tensors: Map<string, SafetensorsTensor>;
}

/** Typed arrays that `encodeTensor` takes, by the element type they are stored as. */
type EncodableArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array;

/**
 * Takes a file apart. The tensors are views into `bytes`: nothing is copied.
 * @throws SafetensorsError on anything that the format forbids, with the tensor's name where it concerns one.
 */
export function parseSafetensors(bytes: Uint8Array): SafetensorsFile {
  const start = dataStart(bytes.subarray(0, 8), bytes.length);
  const data = bytes.subarray(start);
  const { metadata, entries } = parseDirectory(bytes.subarray(8, start), data.length);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, { dtype, shape, begin, end }] of entries)
    tensors.set(name, { dtype, shape, bytes: data.subarray(begin, end) });
  return { metadata, tensors };
}

/**
 * Puts a file together: tensors sorted by element size (8, 4, 2, 1), then by name, the header padded with spaces to a multiple
 * of 8, so that every tensor is aligned to its elements and the same tensors always give the same bytes.
 * @throws SafetensorsError when a tensor's bytes do not fit its shape, or a name is forbidden or occurs twice.
 */
export function serializeSafetensors(
  tensors: Iterable<readonly [string, SafetensorsTensor]>,
  metadata: Iterable<readonly [string, string]> = [],
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].toSorted(
    ([firstName, first], [secondName, second]) =>
      elementSizes[second.dtype] - elementSizes[first.dtype] || (firstName < secondName ? -1 : 1),
  );
  const strings = [...metadata];
  const header: [string, unknown][] = strings.length > 0 ? [[metadataName, Object.fromEntries(strings)]] : [];
  const names = new Set<string>();
  let length = 0;
  for (const [name, { dtype, shape, bytes }] of sorted) {
    checkName(name);
    if (name === metadataName)
      throw new SafetensorsError(`tensor ${quote(name)}: this name is the metadata's`);
    if (names.has(name)) throw new SafetensorsError(`tensor ${quote(name)} occurs twice`);
    names.add(name);
    const end = length + bytes.length;
    checkEntry(name, { dtype, shape, data_offsets: [length, end] }, end);
    header.push([name, { dtype, shape, data_offsets: [length, end] }]);
    length = end;
  }
  const text = JSON.stringify(Object.fromEntries(header));
  const headerBytes = new TextEncoder().encode(text);
  const paddedLength = Math.ceil(headerBytes.length / 8) * 8;
  const result = new Uint8Array(8 + paddedLength + length);
  new DataView(result.buffer).setBigUint64(0, BigInt(paddedLength), true);
  result.set(headerBytes, 8);
  result.fill(0x20, 8 + headerBytes.length, 8 + paddedLength);
  let offset = 8 + paddedLength;
  for (const [, { bytes }] of sorted) {
    result.set(bytes, offset);
    offset += bytes.length;
  }
  return result;
}

/**
 * Makes a tensor of a typed array, stored as the array's own type, or a Float32Array as 'F16' or 'BF16' (to nearest, ties to
 * even). Without conversion the bytes are a view of the array.
 * @throws SafetensorsError when the array does not fit the shape or cannot be stored as `dtype`.
 */
export function encodeTensor(
  values: EncodableArray,
  shape: readonly number[],
  dtype: SafetensorsDType = dtypeOf(values),
): SafetensorsTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== values.length)
    throw new SafetensorsError(
      `encodeTensor: values has ${values.length} elements, wanted ${count} for shape ${quote(shape)}`,
    );
  let stored: EncodableArray = values;
  if (values instanceof Float32Array && dtype === 'F16') stored = float32ToFloat16Bits(values);
  else if (values instanceof Float32Array && dtype === 'BF16') stored = float32ToBfloat16Bits(values);
  else if (dtype !== dtypeOf(values) && !(dtype === 'BOOL' && values instanceof Uint8Array))
    throw new SafetensorsError(
      `encodeTensor: values is a ${values.constructor.name}, which cannot be stored as ${dtype}`,
    );
  return { dtype, shape, bytes: new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength) };
}

/**
 * The values of an F32, F16, BF16 or F64 tensor, copied (F64 is rounded).
 * @throws SafetensorsError on another element type.
 */
export function toFloat32(tensor: SafetensorsTensor): Float32Array<ArrayBuffer> {
  const buffer = copyBuffer(tensor);
  switch (tensor.dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return float16BitsToFloat32(new Uint16Array(buffer));
    case 'BF16':
      return bfloat16BitsToFloat32(new Uint16Array(buffer));
    case 'F64':
      return new Float32Array(new Float64Array(buffer));
    default:
      throw new SafetensorsError(`toFloat32: tensor is ${tensor.dtype}, wanted F32, F16, BF16 or F64`);
  }
}

/**
 * The values of a tensor of any float or integer type but the 8-bit floats, copied and exact.
 * @throws SafetensorsError on F8 types and on 64-bit integers beyond 2^53.
 */
export function toFloat64(tensor: SafetensorsTensor): Float64Array<ArrayBuffer> {
  if (tensor.dtype === 'F64') return new Float64Array(copyBuffer(tensor));
  if (tensor.dtype === 'F32' || tensor.dtype === 'F16' || tensor.dtype === 'BF16')
    return new Float64Array(toFloat32(tensor));
  return integers(tensor, 'toFloat64');
}

/**
 * The values of an integer or BOOL tensor, copied.
 * @throws SafetensorsError on a float type and on values that do not fit 32 bits.
 */
export function toInt32(tensor: SafetensorsTensor): Int32Array<ArrayBuffer> {
  const values = integers(tensor, 'toInt32');
  const outside = values.find((value) => value !== (value | 0));
  if (outside !== undefined) throw new SafetensorsError(`toInt32: value ${outside} does not fit 32 bits`);
  return new Int32Array(values);
}

/**
 * The values of a U8 or BOOL tensor, copied.
 * @throws SafetensorsError on another element type.
 */
export function toUint8(tensor: SafetensorsTensor): Uint8Array<ArrayBuffer> {
  if (tensor.dtype !== 'U8' && tensor.dtype !== 'BOOL')
    throw new SafetensorsError(`toUint8: tensor is ${tensor.dtype}, wanted U8 or BOOL`);
  return new Uint8Array(copyBuffer(tensor));
}

function integers(tensor: SafetensorsTensor, operation: string): Float64Array<ArrayBuffer> {
  const buffer = copyBuffer(tensor);
  switch (tensor.dtype) {
    case 'BOOL':
    case 'U8':
      return new Float64Array(new Uint8Array(buffer));
    case 'I8':
      return new Float64Array(new Int8Array(buffer));
    case 'U16':
      return new Float64Array(new Uint16Array(buffer));
    case 'I16':
      return new Float64Array(new Int16Array(buffer));
    case 'U32':
      return new Float64Array(new Uint32Array(buffer));
    case 'I32':
      return new Float64Array(new Int32Array(buffer));
    case 'U64':
      return exactNumbers(new BigUint64Array(buffer), operation);
    case 'I64':
      return exactNumbers(new BigInt64Array(buffer), operation);
    case 'F64':
    case 'F32':
    case 'F16':
    case 'BF16':
    case 'F8_E5M2':
    case 'F8_E4M3':
      throw new SafetensorsError(`${operation}: tensor is ${tensor.dtype}, wanted an integer type`);
  }
}

function exactNumbers(values: BigInt64Array | BigUint64Array, operation: string): Float64Array<ArrayBuffer> {
  const result = new Float64Array(values.length);
  for (const [index, value] of values.entries()) {
    const number = Number(value);
    if (!Number.isSafeInteger(number))
      throw new SafetensorsError(`${operation}: value ${value} is beyond the exact integers of a number`);
    result[index] = number;
  }
  return result;
}

/** A fresh, aligned buffer with the tensor's bytes. Every platform with WebGPU is little-endian, as the format is. */
function copyBuffer({ bytes }: SafetensorsTensor): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function dtypeOf(values: EncodableArray): SafetensorsDType {
  if (values instanceof Float32Array) return 'F32';
  if (values instanceof Float64Array) return 'F64';
  if (values instanceof Uint8Array) return 'U8';
  if (values instanceof Int8Array) return 'I8';
  if (values instanceof Uint16Array) return 'U16';
  if (values instanceof Int16Array) return 'I16';
  if (values instanceof Uint32Array) return 'U32';
  if (values instanceof Int32Array) return 'I32';
  return values instanceof BigUint64Array ? 'U64' : 'I64';
}
