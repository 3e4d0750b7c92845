/** The state_dict() of a torch.optim optimiser: {'state': {parameter: {buffer: tensor}}, 'param_groups': [{...}]}. */
import type { OptimizerGroup } from './weights_file.ts';
import type { PickleDict, PickleKey, PickleValue } from './pickle_values.ts';
import { describeValue } from './pickle_values.ts';
import { TorchTensor } from './torch_values.ts';
import { WeightsFileError } from './error.ts';

/** The state, still with the tensors of the file. */
export interface TorchOptimizer {
  readonly groups: readonly OptimizerGroup[];
  readonly buffers: readonly string[];
  readonly momentum: ReadonlyMap<number, TorchTensor>;
}

/**
 * Reads hyperparameters and momentum buffers.
 * @returns null when the dict is none of torch.optim
 * @throws WeightsFileError when it is, but contradicts itself
 */
export function readTorchOptimizer(optimizer: PickleDict): TorchOptimizer | null {
  const state = optimizer.get('state');
  const groupList = optimizer.get('param_groups');
  if (!(state instanceof Map) || !Array.isArray(groupList)) return null;
  // Numbers since PyTorch 1.5, before that the id of a Python object: positions in the order of the groups either way.
  const positions = new Map<PickleKey, number>();
  const groups = groupList.map((group) => readGroup(group, positions));
  const buffers = new Set<string>();
  const momentum = new Map<number, TorchTensor>();
  for (const [parameter, buffersOf] of state) {
    const position = positions.get(parameter);
    if (position === undefined || !(buffersOf instanceof Map))
      throw new WeightsFileError(
        `its optimiser has a state for parameter ${describeValue(parameter)}, which is in no group`,
      );
    for (const [name, buffer] of buffersOf) {
      if (typeof name !== 'string') continue;
      buffers.add(name);
      if (name === 'momentum_buffer' && buffer instanceof TorchTensor) momentum.set(position, buffer);
    }
  }
  return { groups, buffers: [...buffers], momentum };
}

function readGroup(group: PickleValue, positions: Map<PickleKey, number>): OptimizerGroup {
  const parameters = group instanceof Map ? group.get('params') : undefined;
  if (!(group instanceof Map) || !Array.isArray(parameters))
    throw new WeightsFileError(`its optimiser has ${describeValue(group)} as a parameter group`);
  const numberOf = (key: string): number | undefined => {
    const value = group.get(key);
    return typeof value === 'number' ? value : undefined;
  };
  const nesterov = group.get('nesterov');
  return {
    learningRate: numberOf('lr'),
    momentum: numberOf('momentum'),
    weightDecay: numberOf('weight_decay'),
    nesterov: typeof nesterov === 'boolean' ? nesterov : undefined,
    parameters: parameters.map((parameter) => {
      if (typeof parameter !== 'number' && typeof parameter !== 'bigint')
        throw new WeightsFileError(`its optimiser names a parameter ${describeValue(parameter)}`);
      if (positions.has(parameter))
        throw new WeightsFileError(`its optimiser has parameter ${parameter} in two groups`);
      positions.set(parameter, positions.size);
      return positions.size - 1;
    }),
  };
}
