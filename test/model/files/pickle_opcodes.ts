/** Writes pickles by hand, opcode by opcode (names as in Python's pickletools), for the tests of what a hostile one can do. */
export const text = (value: string): number[] => [...new TextEncoder().encode(value)];
export const repeat = (count: number, bytes: readonly number[]): number[] =>
  Array.from({ length: count * bytes.length }, (_, index) => bytes[index % bytes.length] ?? 0);
export const uint32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
export const string = (value: string): number[] => [0x58, ...uint32(value.length), ...text(value)];
export const global = (module: string, name: string): number[] => text(`c${module}\n${name}\n`);
export const [MARK, TUPLE, STOP, EMPTY_DICT, SETITEMS, REDUCE, PERSID, EMPTY_TUPLE] = [
  0x28, 0x74, 0x2e, 0x7d, 0x75, 0x52, 0x51, 0x29,
];
export const [NONE, EMPTY_LIST, APPENDS, TUPLE1, TUPLE2, PUT, GET] = [
  0x4e, 0x5d, 0x65, 0x85, 0x86, 0x71, 0x68,
];
export const pickle = (body: readonly number[]): Uint8Array =>
  Uint8Array.from([[0x80, 2], body, [STOP]].flat());

export const int = (value: number): number[] => [0x4a, ...uint32(value)];
export const long = (value: bigint): number[] => [
  0x8a,
  8,
  ...new Uint8Array(BigUint64Array.of(value).buffer),
];
export const tuple = (...items: readonly (readonly number[])[]): number[] => [MARK, ...items.flat(), TUPLE];
