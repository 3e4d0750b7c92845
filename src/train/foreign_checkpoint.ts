/** Checkpoints that come from PyTorch code: of the released CALM code, with its optimiser, or our own that went through a .pth file. */
import type { CheckpointContent } from './checkpoint.ts';
import type { ModelConfiguration } from '../model/configuration.ts';
import type { OptimizerState, WeightsFile } from '../model/files/weights_file.ts';
import type { SafetensorsTensor } from '../model/safetensors.ts';
import type { StateDict } from '../model/state_dict.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { encodeTensor } from '../model/safetensors.ts';
import { GROUP_KINDS, parameterGroups } from './parameter_groups.ts';
import { modelMetadata, VELOCITY } from './checkpoint.ts';
import { parameterNames } from '../model/recognise/recognise.ts';
import { sameShape } from '../runtime/shape.ts';

/** The field of a .pth checkpoint that holds, as JSON, the metadata that a safetensors checkpoint has. */
export const METADATA_FIELD = 'calm_webgpu';

/** The metadata of a checkpoint of ours, out of a safetensors header or a .pth file's field. Empty when there are none. */
export function checkpointMetadata({
  metadata,
  fields,
}: Pick<WeightsFile, 'metadata' | 'fields'>): ReadonlyMap<string, string> {
  const text = fields.get(METADATA_FIELD);
  if (typeof text !== 'string') return metadata;
  try {
    const parsed: unknown = JSON.parse(text);
    const entries = Object.entries(typeof parsed === 'object' && parsed !== null ? parsed : {});
    return new Map(entries.map(([key, value]) => [key, String(value)]));
  } catch (cause) {
    throw new ArgumentError(`checkpoint: the field '${METADATA_FIELD}' is no JSON`, { cause });
  }
}

/** What an official checkpoint holds beside its weights. */
export interface OfficialTraining {
  /** Finished, counted from 1. */
  readonly epoch: number;
  readonly optimizer: OptimizerState;
}

/**
 * A checkpoint of ours from a state dict of the released code, and its training state: the optimiser's momentum finds its parameters
 * by the released trainer's groups. It keeps no count of steps: that begins at 0.
 * @throws ArgumentError when the optimiser's groups are none of those
 */
export async function foreignCheckpoint(
  configuration: ModelConfiguration,
  state: StateDict,
  training: OfficialTraining | null,
): Promise<CheckpointContent> {
  const metadata = modelMetadata(configuration, null);
  if (training === null) return { tensors: state, metadata };
  const velocities = await namedMomentum(configuration.architecture, state, training.optimizer);
  metadata.set('training', JSON.stringify({ epochsDone: training.epoch, steps: 0, progress: null }));
  const prefixed = Array.from(velocities, ([name, tensor]) => [`${VELOCITY}${name}`, tensor] as const);
  return { tensors: new Map([...state, ...prefixed]), metadata };
}

/**
 * Momentum by the names of the parameters, zeros where a parameter never had a gradient (CAM's attention). A state dict has no
 * positions: those are the order of its parameters, sorted into the groups of the released code's Trainer._set_optimizer.
 * @param architecture a name that begins with resnet, vgg or inception
 * @param state in the order of PyTorch's state_dict()
 * @throws ArgumentError when no kind of groups has the optimiser's sizes and shapes
 */
export async function namedMomentum(
  architecture: string,
  state: StateDict,
  optimizer: OptimizerState,
): Promise<Map<string, SafetensorsTensor>> {
  const names = parameterNames(state.keys());
  const order = optimizerOrder(architecture, names, state, optimizer);
  const momentum = await optimizer.readMomentum();
  const positions = new Map(order.map((name, position) => [name, position]));
  return new Map(
    names.map((name) => {
      const shape = state.get(name)?.shape ?? [];
      const zeros = (): SafetensorsTensor =>
        encodeTensor(new Float32Array(shape.reduce((count, size) => count * size, 1)), shape);
      return [name, momentum.get(positions.get(name) ?? -1) ?? zeros()];
    }),
  );
}

/** The parameters in the optimiser's order. */
function optimizerOrder(
  architecture: string,
  names: readonly string[],
  state: StateDict,
  { groups, momentum }: OptimizerState,
): string[] {
  for (const kind of GROUP_KINDS) {
    const candidate = parameterGroups(kind, names, { architecture, learningRate: 1 });
    const sizes = candidate.map(({ parameters }) => parameters.length);
    if (
      sizes.length !== groups.length ||
      sizes.some((size, index) => size !== groups[index]?.parameters.length)
    )
      continue;
    const order = candidate.flatMap(({ parameters }) => parameters);
    const fits = Array.from(momentum).every(([position, { shape }]) =>
      sameShape(shape, state.get(order[position] ?? '')?.shape ?? [-1]),
    );
    if (fits) return order;
  }
  const sizes = groups.map(({ parameters }) => parameters.length).join(' + ');
  throw new ArgumentError(
    `checkpoint: its optimiser has groups of ${sizes} parameters, none of the released code's for ${names.length} of ${architecture}; leave its momentum out`,
  );
}
