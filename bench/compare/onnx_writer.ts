/** A small writer of ONNX models: the protocol buffers of onnx.proto3 that a float32 graph needs, and nothing else. */
import type { Shape } from '../../src/runtime/shape.ts';

/** A node's attribute: an integer, a float or a list of integers, told apart because protocol buffers are. */
export type OnnxAttribute =
  { readonly int: number } | { readonly float: number } | { readonly ints: readonly number[] };

const OPSET = 17;
const IR_VERSION = 8;
/** TensorProto.DataType */
const FLOAT = 1;
const INT64 = 7;
/** AttributeProto.AttributeType */
const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const;
/** Wire types. */
const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

type Part = Uint8Array;

const key = (field: number, wireType: number): Part => varint(field * 8 + wireType);

function integer(field: number, value: number): Part[] {
  return [key(field, VARINT), varint(value)];
}

function bytes(field: number, parts: readonly Part[]): Part[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [key(field, BYTES), varint(length), ...parts];
}

function text(field: number, value: string): Part[] {
  return bytes(field, [new TextEncoder().encode(value)]);
}

function float(field: number, value: number): Part[] {
  return [key(field, FIXED32), new Uint8Array(Float32Array.of(value).buffer)];
}

function attribute(name: string, value: OnnxAttribute): Part[] {
  if ('int' in value)
    return [...text(1, name), ...integer(3, value.int), ...integer(20, ATTRIBUTE_TYPES.int)];
  if ('float' in value)
    return [...text(1, name), ...float(2, value.float), ...integer(20, ATTRIBUTE_TYPES.float)];
  return [
    ...text(1, name),
    ...value.ints.flatMap((item) => integer(8, item)),
    ...integer(20, ATTRIBUTE_TYPES.ints),
  ];
}

function valueInfo(name: string, shape: Shape): Part[] {
  const dimensions = shape.flatMap((size) => bytes(1, integer(1, size)));
  const tensorType = [...integer(1, FLOAT), ...bytes(2, dimensions)];
  return [...text(1, name), ...bytes(2, bytes(1, tensorType))];
}

/** A graph of float32 tensors that grows node by node. */
export class OnnxGraph {
  readonly #nodes: Part[] = [];
  readonly #initializers: Part[] = [];
  readonly #inputs: Part[] = [];
  readonly #outputs: Part[] = [];
  #names = 0;

  /** Declares an input. Returns its name. */
  input(name: string, shape: Shape): string {
    this.#inputs.push(...bytes(11, valueInfo(name, shape)));
    return name;
  }

  /** Declares a tensor of the graph as an output under its own name. */
  output(name: string, shape: Shape): void {
    this.#outputs.push(...bytes(12, valueInfo(name, shape)));
  }

  /** A constant of the graph. Returns its name. */
  constant(values: Float32Array | BigInt64Array, shape: Shape): string {
    const name = this.#name('constant');
    const type = values instanceof Float32Array ? FLOAT : INT64;
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const dimensions = shape.flatMap((size) => integer(1, size));
    const tensor = [...dimensions, ...integer(2, type), ...text(8, name), ...bytes(9, [raw])];
    this.#initializers.push(...bytes(5, tensor));
    return name;
  }

  /** Adds a node with one output. Returns that one's name. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    output = this.#name(operator),
  ): string {
    const parts = [
      ...inputs.flatMap((name) => text(1, name)),
      ...text(2, output),
      ...text(4, operator),
      ...Object.entries(attributes).flatMap(([name, value]) => bytes(5, attribute(name, value))),
    ];
    this.#nodes.push(...bytes(1, parts));
    return output;
  }

  /** The model as a file's bytes. */
  model(): Uint8Array {
    const graph = [
      ...this.#nodes,
      ...text(2, 'graph'),
      ...this.#initializers,
      ...this.#inputs,
      ...this.#outputs,
    ];
    const model = [...integer(1, IR_VERSION), ...bytes(7, graph), ...bytes(8, integer(2, OPSET))];
    return new Uint8Array(Buffer.concat(model));
  }

  #name(prefix: string): string {
    this.#names += 1;
    return `${prefix}_${this.#names}`;
  }
}
