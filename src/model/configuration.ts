import type { HeadConfiguration, HeadKind, HeadOptions } from './head.ts';
import type { TrunkConfiguration, TrunkOptions } from './architectures.ts';
import { familyOf } from './architectures.ts';
import { headConfiguration } from './head.ts';
import { quote } from './safetensors_header.ts';
import { reject } from '../runtime/errors.ts';

export type { Architecture } from './architectures.ts';

/** Where a network's convolutions start; see `initialValues`. */
export type Initialisation = 'torchvision' | 'xavier' | 'he';

const INITIALISATIONS: readonly Initialisation[] = ['torchvision', 'xavier', 'he'];

/** What every network may be told, whatever its trunk. */
interface SharedOptions {
  /** A kind, or a kind with its options. */
  readonly head: HeadKind | HeadOptions;
  /**
   * torchvision's of that architecture, or 'official', the released CALM code's, heads included: Xavier uniform (`xavier`) for ResNets
   * and Inception, Kaiming normal (`he`) for VGG. Default: torchvision.
   */
  readonly initialisation?: Initialisation | 'official';
  /** Parts that training leaves alone, by prefix: `['conv1', 'bn1', 'layer1']`. Their batch norms use running statistics. */
  readonly frozen?: readonly string[];
  /**
   * Memory for time: training keeps only what comes out of the trunk's blocks, and backward computes again what is within. The numbers
   * stay the same to the bit; a step takes about a third longer (a second forward pass). Default: false.
   */
  readonly recompute?: boolean;
  /** Seed of the initial parameters. Default: 0. */
  readonly seed?: number;
}

/** A network without its number of classes: what a training run chooses before it has seen its data. */
export type NetworkOptions = SharedOptions & TrunkOptions;

/**
 * What to build. Only the architecture, the head and the number of classes are needed. What else can be said depends on the
 * architecture: see `ResNetOptions`, `VggOptions`, `InceptionOptions`.
 */
export type ModelOptions = NetworkOptions & { readonly classes: number };

interface SharedConfiguration {
  readonly head: HeadConfiguration;
  readonly classes: number;
  readonly initialisation: Initialisation;
  readonly frozen: readonly string[];
  readonly recompute: boolean;
  readonly seed: number;
}

/** Options with all defaults filled in; plain JSON, kept in checkpoints. `createModel` takes it as options again. */
export type ModelConfiguration = SharedConfiguration & TrunkConfiguration;

/** Options that are lists, that are objects, and that are on or off: all others are a number or a text. */
const LISTS = ['layers', 'widths', 'strides', 'frozen'];
const OBJECTS = ['head', 'stem'];
const SWITCHES = ['recompute', 'useBatchNorm', 'official', 'detachNormalizer', 'officialEpsilons', 'pool'];

/** ImageNet has 21,841 classes at its largest; a head of many more is a mistake that would end in too little memory. */
const MOST_CLASSES = 1_000_000;

/** What kind of value an option wants instead of this one; null: it may be. Options may be what a stranger's checkpoint says. */
function wantedKind(name: string, value: unknown): string | null {
  const isScalar = (item: unknown): boolean => typeof item !== 'object';
  if (LISTS.includes(name)) return Array.isArray(value) && value.every(isScalar) ? null : 'a list';
  if (SWITCHES.includes(name)) return typeof value === 'boolean' ? null : 'true | false';
  if (isScalar(value)) return null;
  if (!OBJECTS.includes(name)) return 'a number or a text';
  return value !== null && Object.values(value as object).every(isScalar) ? null : 'an object';
}

function checkKinds(options: object, within = ''): void {
  for (const [name, value] of Object.entries(options)) {
    const wanted = value === undefined ? null : wantedKind(name, value);
    if (wanted !== null) reject('createModel', within + name.slice(0, 80), quote(value), wanted);
    if (OBJECTS.includes(name) && typeof value === 'object') checkKinds(value as object, `${name}.`);
  }
}

const SHARED = ['architecture', 'head', 'classes', 'initialisation', 'frozen', 'recompute', 'seed'];

/**
 * Fills in the defaults and checks everything.
 * @throws ArgumentError naming the option
 */
export function modelConfiguration(options: ModelOptions): ModelConfiguration {
  const { architecture, classes, seed = 0 } = options;
  checkKinds(options);
  const family = familyOf(architecture);
  const known = [...SHARED, ...family.options];
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(name))
      reject(
        'createModel',
        name.slice(0, 80),
        'given',
        `none: the options of ${architecture} are ${known.join(', ')}`,
      );
  }
  if (!Number.isInteger(classes) || classes < 1 || classes > MOST_CLASSES)
    reject('createModel', 'classes', String(classes), `a whole number from 1 to ${MOST_CLASSES}`);
  if (!Number.isSafeInteger(seed)) reject('createModel', 'seed', String(seed), 'a whole number');
  const wanted = options.initialisation ?? 'torchvision';
  const initialisation = wanted === 'official' ? family.officialInitialisation : wanted;
  if (!INITIALISATIONS.includes(initialisation))
    reject('createModel', 'initialisation', String(wanted), [...INITIALISATIONS, 'official'].join(' | '));
  return {
    ...family.configure(options),
    head: headConfiguration(options.head),
    classes,
    initialisation,
    frozen: [...(options.frozen ?? [])],
    recompute: options.recompute ?? false,
    seed,
  };
}
