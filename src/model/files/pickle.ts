/**
 * A restricted machine for Python pickles of protocol 2 to 4. It knows the opcodes that torch.save writes and makes of them only plain
 * data and what an allow-list of globals stands for; nothing is imported or executed, and every size is checked before
 * anything of that size is made. Source of the format: CPython's Lib/pickletools.py.
 */
import type { PickleBudget, PickleDict, PickleKey, PickleValue } from './pickle_values.ts';
import { decodeLong, PickleReader } from './pickle_reader.ts';
import { describeValue, PickleCallable, PickleObject, PickleTuple } from './pickle_values.ts';
import { quote } from '../safetensors_header.ts';
import { WeightsFileError } from './error.ts';

/**
 * What a pickle may make, however large its file is. A checkpoint of 1,000 tensors with momentum has some 20,000 objects, 15,000 memo
 * entries, 100,000 opcodes and 100 kB. An object takes 250 bytes at most, and what an opcode makes besides (a number, a short string, an
 * entry of a list or a dict) some 50: the worst pickle takes a few hundred megabytes and seconds.
 */
export const PICKLE_LIMITS = {
  /** Bytes of a pickle. */
  bytes: 1 << 26,
  /** Dicts, lists, tuples, byte strings, storages, other objects, and what a call copies. */
  objects: 500_000,
  opcodes: 4_000_000,
  stack: 1_000_000,
  memo: 1_000_000,
  marks: 10_000,
  /** Bytes of an integer; PyTorch's longest, the magic number of its older format, has 10. */
  longBytes: 16,
  /** Characters of a dict's key. */
  key: 4096,
  /** Characters of a module's or class's name. */
  name: 256,
} as const;

/** What the machine asks of whoever knows the file. */
export interface PickleContext {
  /** The meaning of a global, or undefined: it is not on the list. */
  readonly global: (module: string, name: string) => PickleObject | undefined;
  /** What a persistent id stands for; throws on any but storages. */
  readonly persistent: (id: PickleValue) => PickleValue;
}

/** A pickle's value and the byte after its end. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly end: number;
}

/**
 * Reads one pickle, from its PROTO to its STOP.
 * @throws WeightsFileError with the byte and the reason; PickleTruncatedError when it does not end within the bytes
 */
export function unpickle(bytes: Uint8Array, context: PickleContext, begin = 0): Unpickled {
  const machine = new Machine(bytes, context, begin);
  try {
    return machine.run();
  } catch (error) {
    if (error instanceof WeightsFileError)
      error.message = `pickle, byte ${machine.opcodeAt}: ${error.message}`;
    throw error;
  }
}

const EMPTY_TUPLE = new PickleTuple([]);

class Machine implements PickleBudget {
  opcodeAt = 0;
  readonly #reader: PickleReader;
  readonly #context: PickleContext;
  readonly #stack: PickleValue[] = [];
  /** Heights of the stack at the marks that are open. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #objects = 0;
  #opcodes = 0;
  #stopped = false;

  constructor(bytes: Uint8Array, context: PickleContext, begin: number) {
    this.#reader = new PickleReader(bytes, begin);
    this.#context = context;
    this.opcodeAt = begin;
  }

  run(): Unpickled {
    const reader = this.#reader;
    const begin = reader.position;
    if (reader.byte() !== 0x80) throw new WeightsFileError('this is no pickle of protocol 2 to 4');
    const protocol = reader.byte();
    if (protocol < 2 || protocol > 4) throw new WeightsFileError(`protocol ${protocol}, wanted 2 to 4`);
    while (!this.#stopped) {
      this.opcodeAt = reader.position;
      if (this.opcodeAt - begin > PICKLE_LIMITS.bytes)
        throw new WeightsFileError(`no end within ${PICKLE_LIMITS.bytes} bytes`);
      if (++this.#opcodes > PICKLE_LIMITS.opcodes)
        throw new WeightsFileError(`has more than ${PICKLE_LIMITS.opcodes} opcodes: this is no checkpoint`);
      this.#execute(reader.byte());
    }
    const value = this.#pop();
    if (this.#stack.length > 0 || this.#marks.length > 0)
      throw new WeightsFileError(`ends with ${this.#stack.length} values left over`);
    return { value, end: reader.position };
  }

  spend(objects: number): void {
    this.#objects += objects;
    if (this.#objects > PICKLE_LIMITS.objects)
      throw new WeightsFileError(`makes more than ${PICKLE_LIMITS.objects} objects: this is no checkpoint`);
  }

  #execute(opcode: number): void {
    const reader = this.#reader;
    switch (opcode) {
      case 0x2e: // '.' STOP
        this.#stopped = true;
        return;
      case 0x4e: // 'N' NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4a: // 'J' BININT
        return this.#push(reader.int32());
      case 0x4b: // 'K' BININT1
        return this.#push(reader.byte());
      case 0x4d: // 'M' BININT2
        return this.#push(reader.uint16());
      case 0x8a: // LONG1
        return this.#push(this.#long(reader.byte()));
      case 0x8b: // LONG4
        return this.#push(this.#long(reader.uint32()));
      case 0x47: // 'G' BINFLOAT
        return this.#push(reader.float64());
      case 0x58: // 'X' BINUNICODE
        return this.#push(reader.text(reader.uint32()));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(reader.text(reader.byte()));
      case 0x55: // 'U' SHORT_BINSTRING: a str of Python 2
        return this.#pushText(reader.textOrBytes(reader.byte()));
      case 0x54: // 'T' BINSTRING: a long one
        return this.#pushText(reader.textOrBytes(reader.uint32()));
      case 0x8d: // BINUNICODE8
        return this.#push(reader.text(reader.length64()));
      case 0x43: // 'C' SHORT_BINBYTES
        return this.#pushObject(reader.bytes(reader.byte()));
      case 0x42: // 'B' BINBYTES
        return this.#pushObject(reader.bytes(reader.uint32()));
      case 0x8e: // BINBYTES8
        return this.#pushObject(reader.bytes(reader.length64()));
      case 0x95: // FRAME: only says how far to read ahead
        reader.length64();
        return;
      case 0x28: // '(' MARK
        if (this.#marks.length >= PICKLE_LIMITS.marks)
          throw new WeightsFileError(`nests more than ${PICKLE_LIMITS.marks} deep`);
        this.#marks.push(this.#stack.length);
        return;
      default:
        this.#executeContainer(opcode);
    }
  }

  #executeContainer(opcode: number): void {
    const reader = this.#reader;
    switch (opcode) {
      case 0x7d: // '}' EMPTY_DICT
        return this.#pushObject(new Map());
      case 0x5d: // ']' EMPTY_LIST
        return this.#pushObject([]);
      case 0x29: // ')' EMPTY_TUPLE
        return this.#push(EMPTY_TUPLE);
      case 0x85: // TUPLE1
        return this.#pushTuple(this.#popMany(1));
      case 0x86: // TUPLE2
        return this.#pushTuple(this.#popMany(2));
      case 0x87: // TUPLE3
        return this.#pushTuple(this.#popMany(3));
      case 0x74: // 't' TUPLE
        return this.#pushTuple(this.#popToMark());
      case 0x61: // 'a' APPEND
        return this.#append(this.#popMany(1));
      case 0x65: // 'e' APPENDS
        return this.#append(this.#popToMark());
      case 0x73: // 's' SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // 'u' SETITEMS
        return this.#setItems(this.#popToMark());
      case 0x71: // 'q' BINPUT
        return this.#memorise(reader.byte());
      case 0x72: // 'r' LONG_BINPUT
        return this.#memorise(reader.uint32());
      case 0x94: // MEMOIZE
        return this.#memorise(this.#memo.size);
      case 0x68: // 'h' BINGET
        return this.#recall(reader.byte());
      case 0x6a: // 'j' LONG_BINGET
        return this.#recall(reader.uint32());
      case 0x63: // 'c' GLOBAL
        return this.#global(reader.line(PICKLE_LIMITS.name), reader.line(PICKLE_LIMITS.name));
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string')
          throw new WeightsFileError(
            `a global is named by ${describeValue(module)} and ${describeValue(name)}`,
          );
        return this.#global(module, name);
      }
      case 0x52: // 'R' REDUCE
      case 0x81: // NEWOBJ: the class called with its arguments
        return this.#call();
      case 0x62: // 'b' BUILD
        return this.#build();
      case 0x51: // 'Q' BINPERSID
        return this.#pushObject(this.#context.persistent(this.#pop()));
      default:
        throw new WeightsFileError(
          `opcode 0x${opcode.toString(16).padStart(2, '0')} is none of those that torch.save writes`,
        );
    }
  }

  #push(value: PickleValue): void {
    if (this.#stack.length >= PICKLE_LIMITS.stack)
      throw new WeightsFileError(`stacks more than ${PICKLE_LIMITS.stack} values`);
    this.#stack.push(value);
  }

  #pushObject(value: PickleValue): void {
    this.spend(1);
    this.#push(value);
  }

  /** What is no text after all is an object, and has cost an exception. */
  #pushText(value: string | Uint8Array): void {
    if (typeof value === 'string') this.#push(value);
    else this.#pushObject(value);
  }

  #pop(): PickleValue {
    const [value = null] = this.#popMany(1);
    return value;
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length - count < (this.#marks.at(-1) ?? 0))
      throw new WeightsFileError(`takes ${count} values where fewer are on the stack`);
    return this.#stack.splice(this.#stack.length - count, count);
  }

  #popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw new WeightsFileError('goes back to a mark that is not there');
    return this.#stack.splice(mark);
  }

  #top(): PickleValue {
    const height = this.#stack.length;
    if (height <= (this.#marks.at(-1) ?? 0))
      throw new WeightsFileError('uses a value where none is on the stack');
    return this.#stack[height - 1] ?? null;
  }

  #pushTuple(items: PickleValue[]): void {
    this.#pushObject(new PickleTuple(items));
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new WeightsFileError(`appends to ${describeValue(list)}, wanted a list`);
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof Map))
      throw new WeightsFileError(`sets items of ${describeValue(dict)}, wanted a dict`);
    if (items.length % 2 !== 0) throw new WeightsFileError('sets an item without a value');
    for (let index = 0; index < items.length; index += 2)
      setPickleItem(dict, items[index] ?? null, items[index + 1] ?? null);
  }

  #memorise(index: number): void {
    if (this.#memo.size >= PICKLE_LIMITS.memo)
      throw new WeightsFileError(`remembers more than ${PICKLE_LIMITS.memo} values`);
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new WeightsFileError(`recalls value ${index}, which was not remembered`);
    this.#push(value);
  }

  #global(module: string, name: string): void {
    const found = this.#context.global(module, name);
    if (found === undefined)
      throw new WeightsFileError(
        `asks for ${quote(`${module}.${name}`)}, which is not on the list of what weights may need; if this is a whole model, ` +
          'save its state_dict() instead',
      );
    this.#push(found);
  }

  #call(): void {
    const [callable, tuple] = this.#popMany(2);
    if (!(callable instanceof PickleCallable))
      throw new WeightsFileError(`calls ${describeValue(callable)}, which is no function`);
    if (!(tuple instanceof PickleTuple))
      throw new WeightsFileError(
        `calls ${callable.description} with ${describeValue(tuple)}, wanted a tuple`,
      );
    this.spend(1);
    this.#push(callable.call(tuple.items, this));
  }

  #build(): void {
    const state = this.#pop();
    const target = this.#top();
    // Attributes of an OrderedDict (a state dict's _metadata: versions of modules) mean nothing here.
    if (target instanceof Map) return;
    if (!(target instanceof PickleObject))
      throw new WeightsFileError(`sets the state of ${describeValue(target)}, which has none`);
    target.build(state);
  }

  #long(length: number): number | bigint {
    if (length > PICKLE_LIMITS.longBytes)
      throw new WeightsFileError(`an integer has ${length} bytes, wanted at most ${PICKLE_LIMITS.longBytes}`);
    return decodeLong(this.#reader.bytes(length));
  }
}

/** Sets an item of a dict; keys are strings, numbers, booleans and None. */
export function setPickleItem(dict: PickleDict, key: PickleValue, value: PickleValue): void {
  if (!isKey(key))
    throw new WeightsFileError(`a dict has ${describeValue(key)} as a key, wanted a string or a number`);
  // Long strings as keys, compared again and again, would take quadratic time.
  if (typeof key === 'string' && key.length > PICKLE_LIMITS.key)
    throw new WeightsFileError(
      `a dict has a key of ${key.length} characters, wanted at most ${PICKLE_LIMITS.key}`,
    );
  dict.set(key, value);
}

function isKey(value: PickleValue): value is PickleKey {
  return value === null || typeof value !== 'object';
}
