/**
 * Writes pickles opcode by opcode that hold together as torch.save's do, with something in them, here and there, that does not belong: a value
 * of another kind, a number at an edge, a global that is not on the list, a mark too few.
 */
import type { Random } from './chance.ts';
import { EDGES, pick } from './chance.ts';
import { global, int, long, string, text, tuple, uint32 } from '../model/files/pickle_opcodes.ts';

type Opcodes = readonly number[];

const STORAGES = [
  'FloatStorage',
  'LongStorage',
  'HalfStorage',
  'ByteStorage',
  'BoolStorage',
  'ComplexFloatStorage',
];
const KEYS = [
  'a',
  'b.weight',
  'module.x',
  'state_dict',
  'optimizer',
  '__proto__',
  'constructor',
  'momentum_buffer',
  '',
];
const GLOBALS = [
  ['collections', 'OrderedDict'],
  ['torch', 'Size'],
  ['torch', 'device'],
  ['torch', 'float32'],
  ['torch._utils', '_rebuild_tensor'],
  ['torch._utils', '_rebuild_tensor_v2'],
  ['torch._utils', '_rebuild_tensor_v3'],
  ['torch._utils', '_rebuild_parameter'],
  ['torch._utils', '_rebuild_parameter_with_state'],
  ['torch.nn.parameter', 'Parameter'],
  ['torch.storage', 'UntypedStorage'],
  ['numpy', 'dtype'],
  ['numpy.core.multiarray', 'scalar'],
  ['_codecs', 'encode'],
  ['os', 'system'],
  ['builtins', 'eval'],
  ['__proto__', 'constructor'],
] as const;

class PickleChance {
  readonly #random: Random;
  /** One thing in so many is not what should stand there. */
  readonly #rightness: number;
  #depth = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#rightness = pick(random, [20, 100, 1000]);
  }

  #one<Item>(items: readonly Item[]): Item {
    return pick(this.#random, items);
  }

  /** Now and then something else stands where this should. */
  #or(expected: () => Opcodes): Opcodes {
    return this.#random(this.#rightness) === 0 ? this.value() : expected();
  }

  #many(item: () => Opcodes, most = 4): Opcodes[] {
    return Array.from({ length: this.#random(most + 1) }, item);
  }

  #number(): Opcodes {
    const edge = this.#one(EDGES);
    switch (this.#random(5)) {
      case 0:
        return [0x4b, this.#random(256)];
      case 1:
        return int(Number(BigInt.asIntN(32, edge)));
      case 2:
        return long(edge);
      case 3:
        return [0x47, ...new Uint8Array(Float64Array.of(this.#random(9) / 2).buffer).toReversed()];
      default:
        return int(this.#random(5));
    }
  }

  #size(): Opcodes {
    return this.#random(this.#rightness) === 0 ? this.#number() : int(this.#random(4));
  }

  #text(value: string): Opcodes {
    switch (this.#random(4)) {
      case 0:
        return [0x8c, value.length, ...text(value)];
      case 1:
        return [0x55, value.length, ...text(value)];
      default:
        return string(value);
    }
  }

  #global(module: string, name: string): Opcodes {
    return this.#random(3) === 0 ? [...string(module), ...string(name), 0x93] : global(module, name);
  }

  #call(callable: Opcodes, ...values: readonly Opcodes[]): Opcodes {
    return [...callable, ...this.#or(() => tuple(...values)), this.#random(8) === 0 ? 0x81 : 0x52];
  }

  #storage(): Opcodes {
    const odd = this.#random(this.#rightness) === 0;
    const type = this.#or(() => this.#global('torch', odd ? this.#one(STORAGES) : 'FloatStorage'));
    const key = this.#or(() => this.#text(odd ? this.#one(['1', '../0', '__proto__']) : '0'));
    const size = this.#or(() => (odd ? this.#number() : int(8)));
    const items = [this.#or(() => string('storage')), type, key, string('cpu'), size];
    if (odd && this.#random(2) === 0) items.push(tuple(string('view'), this.#size(), this.#size()));
    return [...tuple(...items), 0x51];
  }

  #tensor(): Opcodes {
    const axes = this.#random(4);
    const sizes = (): Opcodes => tuple(...Array.from({ length: axes }, () => this.#size()));
    const parts = [
      this.#or(() => this.#storage()),
      this.#or(() => this.#size()),
      this.#or(sizes),
      this.#or(sizes),
      this.#or(() => [0x89]),
      this.#or(() => this.#call(this.#global('collections', 'OrderedDict'))),
    ];
    const version = this.#one(['_rebuild_tensor', '_rebuild_tensor_v2', '_rebuild_tensor_v3']);
    if (version.endsWith('v3')) parts.push(this.#or(() => this.#global('torch', 'float32')));
    const tensor = this.#call(this.#global('torch._utils', version), ...parts);
    if (this.#random(5) > 0) return tensor;
    return this.#call(this.#global('torch._utils', '_rebuild_parameter'), tensor, [0x88], this.value());
  }

  #scalar(): Opcodes {
    const dtype = [
      ...this.#call(
        this.#global('numpy', 'dtype'),
        this.#text(this.#one(['f8', 'i8', 'b1', 'f2'])),
        [0x89],
        [0x88],
      ),
      ...this.#or(() => tuple(int(3), string('<'), [0x4e])),
      0x62,
    ];
    const bytes = this.#or(() => [0x43, 8, 0, 0, 0, 0, 0, 0, 240, 63]);
    return this.#call(this.#global('numpy.core.multiarray', 'scalar'), dtype, bytes);
  }

  #list(): Opcodes {
    return [0x5d, 0x28, ...this.#many(() => this.value()).flat(), 0x65];
  }

  #key(): Opcodes {
    return this.#or(() => (this.#random(4) === 0 ? this.#number() : this.#text(this.#one(KEYS))));
  }

  #dict(value: () => Opcodes = () => this.value()): Opcodes {
    const empty = this.#random(2) === 0 ? [0x7d] : this.#call(this.#global('collections', 'OrderedDict'));
    return [...empty, 0x28, ...this.#many(() => [...this.#key(), ...this.#or(value)], 5).flat(), 0x75];
  }

  /** Memo, state, marks, lengths: what holds values together, rightly or wrongly. */
  #odd(): Opcodes {
    switch (this.#random(8)) {
      case 0:
        return [...this.value(), 0x71, this.#random(4)];
      case 1:
        return [0x68, this.#random(4)];
      case 2:
        return [...this.value(), ...this.value(), 0x62];
      case 3:
        return [...this.value(), 0x94];
      case 4:
        return [0x28, ...this.#many(() => this.value()).flat()];
      case 5:
        return [0x58, ...uint32(Number(BigInt.asUintN(32, this.#one(EDGES))))];
      case 6:
        return [this.#random(256)];
      default:
        return [0x5d, 0x71, 3, 0x68, 3, 0x61];
    }
  }

  value(): Opcodes {
    if (this.#depth > 6) return [0x4e];
    this.#depth += 1;
    const [module, name] = this.#one(GLOBALS);
    const made = this.#one<() => Opcodes>([
      () => this.#number(),
      () => this.#text(this.#one(KEYS)),
      () => this.#one([[0x4e], [0x88], [0x89], [0x29]]),
      () => tuple(...this.#many(() => this.value())),
      () => [...this.value(), 0x85],
      () => this.#list(),
      () => this.#dict(),
      () => this.#tensor(),
      () => this.#tensor(),
      () => this.#storage(),
      () => this.#scalar(),
      () => this.#global(module, name),
      () => this.#call(this.#global(module, name), ...this.#many(() => this.value())),
      () => this.#odd(),
    ])();
    this.#depth -= 1;
    return made;
  }

  #optimizer(): Opcodes {
    const buffers = (): Opcodes => [...string('momentum_buffer'), ...this.#or(() => this.#tensor())];
    const parameter = (): Opcodes => this.#or(() => int(this.#random(3)));
    const state = [
      0x7d,
      0x28,
      ...this.#many(() => [...parameter(), 0x7d, 0x28, ...buffers(), 0x75]).flat(),
      0x75,
    ];
    const group = (): Opcodes => [
      0x7d,
      0x28,
      ...string('params'),
      0x5d,
      0x28,
      ...this.#many(parameter).flat(),
      0x65,
      ...string('lr'),
      ...this.#number(),
      0x75,
    ];
    const groups = [0x5d, 0x28, ...this.#many(() => this.#or(group), 3).flat(), 0x65];
    const both = [
      ...string('state'),
      ...this.#or(() => state),
      ...string('param_groups'),
      ...this.#or(() => groups),
    ];
    return [0x7d, 0x28, ...both, 0x75];
  }

  /** What a training script saves. */
  root(): Opcodes {
    const tensors = (): Opcodes => this.#dict(() => this.#tensor());
    if (this.#random(3) === 0) return tensors();
    const items = [...string('state_dict'), ...this.#or(tensors), ...string('epoch'), ...this.value()];
    const optimizer = [...string('optimizer'), ...this.#or(() => this.#optimizer())];
    return [0x7d, 0x28, ...items, ...(this.#random(2) === 0 ? optimizer : []), 0x75];
  }
}

/** The opcodes of a pickle's value, without its PROTO and STOP. Its one right storage is '0', of 8 floats. */
export const randomPickle = (random: Random): Opcodes => new PickleChance(random).root();
