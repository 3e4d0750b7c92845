/** What a pickle can hold here. Python's dict and OrderedDict are Maps, so that no key can be a prototype. */
import { quote } from '../safetensors_header.ts';
import { WeightsFileError } from './error.ts';

export type PickleKey = string | number | bigint | boolean | null;
export type PickleDict = Map<PickleKey, PickleValue>;
export type PickleValue = PickleKey | Uint8Array | PickleValue[] | PickleDict | PickleTuple | PickleObject;

/** A Python tuple; a list is an array. */
export class PickleTuple {
  readonly items: readonly PickleValue[];
  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** Something that a global of the allow-list stands for, or that calling it gave. */
export abstract class PickleObject {
  /** For messages: 'torch.FloatStorage', 'tensor', ... */
  abstract readonly description: string;
  /** Takes the state of a BUILD opcode. Throws where there is nothing to take. */
  build(_state: PickleValue): void {
    throw new WeightsFileError(`a state for ${this.description}, which takes none`);
  }
}

/** Work that a pickle may ask for; see `PICKLE_LIMITS`. */
export interface PickleBudget {
  /** Counts objects made, or items that are copied. */
  spend(objects: number): void;
}

/** A global that may be called. Nothing of the file's is ever executed: what a call does is written here. */
export class PickleCallable extends PickleObject {
  readonly description: string;
  readonly call: (argumentValues: readonly PickleValue[], budget: PickleBudget) => PickleValue;

  constructor(
    description: string,
    call: (argumentValues: readonly PickleValue[], budget: PickleBudget) => PickleValue,
  ) {
    super();
    this.description = description;
    this.call = call;
  }
}

/** A value for an error message or a listing: its kind, and itself where it is short. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return quote(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Map) return `a dict of ${value.size}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof PickleTuple) return `a tuple of ${value.items.length}`;
  return value.description;
}
