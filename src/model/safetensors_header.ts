/** The header of a safetensors file: its types, and every check that a stranger's file must pass. */
import { WeightsFileError } from './files/error.ts';

/** Bytes an element takes. */
export const elementSizes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

/** The format's names of element types. */
export type SafetensorsDType = keyof typeof elementSizes;

/** One stored tensor. */
export interface SafetensorsTensor {
  readonly dtype: SafetensorsDType;
  /** Row-major sizes; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** The raw values, little-endian: a view into the file, not necessarily aligned to the element size. */
  readonly bytes: Uint8Array;
}

/** A file is not valid safetensors, or a tensor of it is not what the caller needs; the message names the tensor. */
export class SafetensorsError extends WeightsFileError {
  override name = 'SafetensorsError';
}

// The limit of the reference implementation, against headers that only exist to eat memory.
export const longestHeader = 100_000_000;
export const metadataName = '__metadata__';

/** What the header says about one tensor, checked. */
export interface SafetensorsEntry {
  dtype: SafetensorsDType;
  shape: readonly number[];
  /** First byte of the values, and the byte after the last, in the data that follows the header. */
  begin: number;
  end: number;
}

/**
 * Decodes the JSON header.
 * @throws SafetensorsError when it is not UTF-8, not JSON, not an object, or has a name twice or a forbidden one.
 */
export function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsError(`header is not JSON: ${String(cause)}`, { cause });
  }
  if (!text.startsWith('{') || !isRecord(header)) throw new SafetensorsError('header is not a JSON object');
  refuseRepeatedNames(text);
  for (const name of Object.keys(header)) checkName(name);
  return header;
}

/**
 * Checks one entry of the header.
 * @throws SafetensorsError naming the tensor and what is wrong with it.
 */
export function checkEntry(name: string, entry: unknown, dataLength: number): SafetensorsEntry {
  const fail = (what: string): never => {
    throw new SafetensorsError(`tensor ${quote(name)}: ${what}`);
  };
  if (!isRecord(entry)) return fail(`entry is ${quote(entry)}, wanted an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDType(dtype))
    return fail(`dtype is ${quote(dtype)}, wanted one of ${Object.keys(elementSizes).join(', ')}`);
  if (!isSizes(shape)) return fail(`shape is ${quote(shape)}, wanted an array of whole numbers from 0 on`);
  if (!isSizes(offsets) || offsets.length !== 2)
    return fail(`data_offsets is ${quote(offsets)}, wanted two whole numbers from 0 on`);
  const [begin = 0, end = 0] = offsets;
  if (begin > end || end > dataLength)
    return fail(`data_offsets is [${begin},${end}], wanted a range within the ${dataLength} bytes of data`);
  let size: number = elementSizes[dtype];
  for (const extent of shape) {
    size *= extent;
    if (!Number.isSafeInteger(size))
      return fail(`shape ${quote(shape)} of ${dtype} has too many bytes to count`);
  }
  if (size !== end - begin)
    return fail(
      `shape ${quote(shape)} of ${dtype} takes ${size} bytes, but data_offsets holds ${end - begin}`,
    );
  return { dtype, shape, begin, end };
}

/**
 * Checks `__metadata__`, which may be absent.
 * @throws SafetensorsError when it is not an object of strings.
 */
export function checkMetadata(metadata: unknown): Map<string, string> {
  if (metadata === undefined) return new Map();
  if (!isRecord(metadata))
    throw new SafetensorsError(`${metadataName} is ${quote(metadata)}, wanted an object of strings`);
  return new Map(
    Object.entries(metadata).map(([name, value]) => {
      if (typeof value !== 'string')
        throw new SafetensorsError(`${metadataName} ${quote(name)} is ${quote(value)}, wanted a string`);
      return [name, value];
    }),
  );
}

/**
 * Refuses names that are not safe as keys of an object, which somebody will make of a checkpoint.
 * @throws SafetensorsError
 */
export function checkName(name: string): void {
  if (name === '__proto__') throw new SafetensorsError(`tensor ${quote(name)}: this name is not allowed`);
}

/** A value of unknown origin for an error message: not too long, and only one level deep, since it may be nested without end. */
export function quote(value: unknown): string {
  const shallow = (item: unknown): string =>
    typeof item === 'object' && item !== null ? '...' : (JSON.stringify(item) ?? String(item));
  let text = shallow(value);
  if (Array.isArray(value)) text = `[${value.slice(0, 40).map(shallow).join(',')}]`;
  else if (isRecord(value)) text = '{...}';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** JSON.parse silently keeps the last of several equal names; a reader of another make may keep the first. */
function refuseRepeatedNames(text: string): void {
  const open: Set<string>[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '{') open.push(new Set());
    else if (character === '}') open.pop();
    else if (character === '"') {
      const start = index;
      index = endOfString(text, start);
      if (!isFollowedByColon(text, index + 1)) continue;
      const name = String(JSON.parse(text.slice(start, index + 1)));
      const names = open.at(-1);
      if (names?.has(name)) throw new SafetensorsError(`header has the name ${quote(name)} twice`);
      names?.add(name);
    }
  }
}

/** Where the string that begins at `start` ends, in text known to be JSON. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}

function isFollowedByColon(text: string, start: number): boolean {
  let index = start;
  while (text[index] === ' ' || text[index] === '\n' || text[index] === '\r' || text[index] === '\t')
    index += 1;
  return text[index] === ':';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDType(value: unknown): value is SafetensorsDType {
  return typeof value === 'string' && Object.hasOwn(elementSizes, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && Number(size) >= 0);
}
