import type { SafetensorsTensor } from '../safetensors_header.ts';
import type { TensorInfo } from './stored_tensor.ts';

/** What a file turned out to be by its content. */
export type WeightsFormat = 'safetensors' | 'safetensors-sharded' | 'pytorch-zip' | 'pytorch-legacy';

/** A number, string, truth value or null that stands beside the weights (epoch, architecture, accuracy). */
export type FieldValue = string | number | bigint | boolean | null;

/** One of an optimiser's parameter groups. Undefined: the file does not say. */
export interface OptimizerGroup {
  readonly learningRate: number | undefined;
  readonly momentum: number | undefined;
  readonly weightDecay: number | undefined;
  readonly nesterov: boolean | undefined;
  /** Positions of its parameters, counted through all groups in their order. */
  readonly parameters: readonly number[];
}

/** The state of a torch.optim optimiser. Parameters have positions, not names: see `train/official_optimizer.ts`. */
export interface OptimizerState {
  readonly groups: readonly OptimizerGroup[];
  /** Names of the buffers it keeps for a parameter: momentum_buffer for SGD, exp_avg for Adam. */
  readonly buffers: readonly string[];
  /** SGD's momentum buffers by the position of their parameter. A parameter that never had a gradient has none. */
  readonly momentum: ReadonlyMap<number, TensorInfo>;
  readMomentum(): Promise<Map<number, SafetensorsTensor>>;
}

/** A file of weights whose directory has been read. Tensors are read when they are asked for; `close` it when that is done. */
export interface WeightsFile {
  /** For messages. */
  readonly name: string;
  readonly format: WeightsFormat;
  /** Bytes, of all shards together. */
  readonly size: number;
  /** The strings of a safetensors header. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What stands beside the state dict in a PyTorch checkpoint, where it is a plain value. */
  readonly fields: ReadonlyMap<string, FieldValue>;
  /** Where in a PyTorch checkpoint the state dict was: 'state_dict', say; null: it is all there is. */
  readonly stateKey: string | null;
  /** Whether every name began with `module.` (of nn.DataParallel), which `tensors` has without. */
  readonly strippedModule: boolean;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly optimizer: OptimizerState | null;
  /**
   * Reads tensors, by default all. Memory: at most what the file has, and once more for tensors that are not contiguous.
   * @throws WeightsFileError when a name is not in the file, or the file cannot be read any more
   */
  read(names?: Iterable<string>): Promise<Map<string, SafetensorsTensor>>;
  close(): Promise<void>;
}

/** A file of weights with all of its tensors. */
export interface Weights extends Omit<WeightsFile, 'read' | 'close' | 'tensors' | 'optimizer'> {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
}
