/** Finds the weights in what torch.load would return, and what stands beside them. */
import type { FieldValue } from './weights_file.ts';
import type { PickleDict, PickleValue } from './pickle_values.ts';
import { checkName } from '../safetensors_header.ts';
import { describeValue } from './pickle_values.ts';
import { TorchTensor } from './torch_values.ts';
import { WeightsFileError } from './error.ts';

/** A state dict and its surroundings. */
export interface TorchRoot {
  readonly stateKey: string | null;
  readonly strippedModule: boolean;
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly fields: ReadonlyMap<string, FieldValue>;
  /** What stands under 'optimizer', if anything does. */
  readonly optimizer: PickleDict | null;
}

/** Where training scripts put a state dict: PyTorch's examples and CALM, its tutorials, torchvision's references. */
const STATE_KEYS = ['state_dict', 'model_state_dict', 'model', 'net', 'weights'];
const OPTIMIZER_KEYS = ['optimizer', 'optimizer_state_dict'];
const MODULE = 'module.';

/** @throws WeightsFileError when there is no state dict */
export function findStateDict(value: PickleValue): TorchRoot {
  if (!(value instanceof Map))
    throw new WeightsFileError(`holds ${describeValue(value)}, wanted a state dict or a checkpoint with one`);
  const stateKey = hasTensors(value)
    ? null
    : (STATE_KEYS.find((key) => hasTensors(value.get(key))) ?? undefined);
  if (stateKey === undefined) {
    const keys = [...value.keys()].slice(0, 8).map((key) => describeValue(key));
    throw new WeightsFileError(
      `holds no state dict: no tensors, nor any under ${STATE_KEYS.join(', ')}; its keys are ${keys.join(', ') || 'none'}`,
    );
  }
  const state = stateKey === null ? value : value.get(stateKey);
  const tensors = tensorsOf(state instanceof Map ? state : new Map());
  const strippedModule = [...tensors.keys()].every((name) => name.startsWith(MODULE));
  const optimizer = OPTIMIZER_KEYS.map((key) => value.get(key)).find((found) => found instanceof Map);
  return {
    stateKey,
    strippedModule,
    tensors: strippedModule
      ? new Map(Array.from(tensors, ([name, tensor]) => [name.slice(MODULE.length), tensor]))
      : tensors,
    fields: fieldsOf(value),
    optimizer: optimizer ?? null,
  };
}

function hasTensors(value: PickleValue | undefined): boolean {
  return value instanceof Map && [...value.values()].some((item) => item instanceof TorchTensor);
}

/** The tensors of a state dict; plain values among them (a quantised layer's scale) are left out. */
function tensorsOf(state: PickleDict): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const [name, tensor] of state) {
    if (!(tensor instanceof TorchTensor)) continue;
    if (typeof name !== 'string') throw new WeightsFileError(`a tensor is called ${describeValue(name)}`);
    checkName(name);
    tensors.set(name, tensor);
  }
  return tensors;
}

function fieldsOf(value: PickleDict): Map<string, FieldValue> {
  const fields = new Map<string, FieldValue>();
  for (const [key, field] of value) {
    if (typeof key !== 'string' || (typeof field === 'object' && field !== null)) continue;
    if (typeof field === 'string' && field.length > 1000) continue;
    fields.set(key, field);
  }
  return fields;
}
