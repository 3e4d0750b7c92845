import type { FieldValue, OptimizerState, WeightsFile } from '../../src/model/files/weights_file.ts';
import type { RecognisedModel, TensorInfos } from '../../src/model/recognise/recognise.ts';
import type { TensorInfo } from '../../src/model/files/stored_tensor.ts';
import { checkpointMetadata } from '../../src/train/foreign_checkpoint.ts';
import { recogniseModel } from '../../src/model/recognise/recognise.ts';
import { SLOW, VELOCITY } from '../../src/train/checkpoint.ts';

/** What a file of weights is, told from its directory alone. Plain JSON. */
export interface WeightsDescription {
  readonly file: string;
  readonly format: WeightsFile['format'];
  readonly bytes: number;
  /** Where in a PyTorch checkpoint the weights are; null: they are all there is. */
  readonly stateKey: string | null;
  readonly strippedModule: boolean;
  /** By names and shapes; of a checkpoint of ours, which says itself how it is built, without `trunk`. */
  readonly model: RecognisedModel;
  /** Of a checkpoint of ours: how the model is built, and how far its training is. */
  readonly checkpoint: { readonly model: unknown; readonly training: unknown; readonly info: unknown } | null;
  /** Tensors that are the optimiser's momentum, and theta'. */
  readonly momentumTensors: number;
  readonly slowTensors: number;
  readonly optimizer: Pick<OptimizerState, 'groups' | 'buffers'> | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, Exclude<FieldValue, bigint>>>;
}

/** The tensors that are the model's, without the optimiser's. */
export function modelTensors<Info extends TensorInfo>(tensors: ReadonlyMap<string, Info>): Map<string, Info> {
  return new Map([...tensors].filter(([name]) => !name.startsWith(VELOCITY) && !name.startsWith(SLOW)));
}

const count = (tensors: TensorInfos, prefix: string): number =>
  [...tensors.keys()].filter((name) => name.startsWith(prefix)).length;

function parsed(text: string | undefined): unknown {
  if (text === undefined) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Of a checkpoint of ours: what its tensors leave open it says itself, and a guess would only contradict it. */
function knownModel(recognised: RecognisedModel, own: unknown): RecognisedModel {
  const { architecture } = (own ?? {}) as { readonly architecture?: unknown };
  return {
    ...recognised,
    architecture: typeof architecture === 'string' ? architecture : recognised.architecture,
    trunk: null,
    open: [],
  };
}

/** Describes a file that is open. */
export function describeWeights(file: WeightsFile): WeightsDescription {
  const { name, format, size, stateKey, strippedModule, tensors, optimizer } = file;
  const metadata = checkpointMetadata(file);
  const isOurs = metadata.has('model');
  const own = parsed(metadata.get('model'));
  return {
    file: name,
    format,
    bytes: size,
    stateKey,
    strippedModule,
    model: isOurs
      ? knownModel(recogniseModel(modelTensors(tensors)), own)
      : recogniseModel(modelTensors(tensors)),
    checkpoint: isOurs
      ? {
          model: own,
          training: parsed(metadata.get('training')),
          info: parsed(metadata.get('info')),
        }
      : null,
    momentumTensors: optimizer?.momentum.size ?? count(tensors, VELOCITY),
    slowTensors: count(tensors, SLOW),
    optimizer: optimizer === null ? null : { groups: optimizer.groups, buffers: optimizer.buffers },
    metadata: Object.fromEntries(metadata),
    fields: Object.fromEntries(
      Array.from(file.fields, ([key, value]) => [key, typeof value === 'bigint' ? String(value) : value]),
    ),
  };
}
