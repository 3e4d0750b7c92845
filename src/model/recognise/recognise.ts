/**
 * Tells from names and shapes what network weights belong to. What leaves no trace in them (strides, which loss trained the head) is listed
 * as open rather than guessed.
 */
import type { TensorInfo } from '../files/stored_tensor.ts';
import type { TrunkOptions } from '../architectures.ts';
import { elementsOf } from '../files/stored_tensor.ts';
import { recogniseInception } from './inception.ts';
import { recogniseResNet } from './resnet.ts';
import { recogniseVgg } from './vgg.ts';

/** The tensors of a state dict. */
export type TensorInfos = ReadonlyMap<string, TensorInfo>;

/** What a family's recogniser found. */
export interface RecognisedTrunk {
  /** torchvision's name: `resnet50`, `vgg16_bn`, ... */
  readonly architecture: string;
  /** For `createModel`; null when it cannot be built here, for the reasons in `remarks`. */
  readonly trunk: TrunkOptions | null;
  /** What the weights do not tell. */
  readonly open: readonly string[];
  readonly remarks: readonly string[];
}

/** What weights turned out to be. */
export interface RecognisedModel extends Omit<RecognisedTrunk, 'architecture'> {
  /** Null: none of those known. */
  readonly architecture: string | null;
  /**
   * `torchvision`: a linear classifier (`fc`, or VGG's `classifier`); `calm`: `conv_last` and `attention.0`, as CAM, CALM-EM and CALM-ML of
   * the released code all have them, and as ours; `none`: neither.
   */
  readonly head: 'torchvision' | 'calm' | 'none';
  /** Null without a head. */
  readonly classes: number | null;
  /** Numbers that training moves: all but running statistics and counters. */
  readonly parameters: number;
}

const BUFFER = /(^|\.)(running_mean|running_var|num_batches_tracked)$/;

/** The names that are parameters, in their order: PyTorch's `named_parameters()` where the state dict has its order. */
export function parameterNames(tensors: Iterable<string>): string[] {
  return [...tensors].filter((name) => !BUFFER.test(name));
}

/** Recognises a state dict. */
export function recogniseModel(tensors: TensorInfos): RecognisedModel {
  const trunk = recogniseResNet(tensors) ?? recogniseVgg(tensors) ?? recogniseInception(tensors);
  const { head, classes } = recogniseHead(tensors);
  const remarks =
    trunk === null ? ['none of resnet18 to 152, vgg16, vgg16_bn and inception_v3'] : [...trunk.remarks];
  const open = trunk === null ? [] : [...trunk.open];
  if (head === 'calm')
    open.push('which of CAM, CALM-EM and CALM-ML the head is, and in which form: their tensors are the same');
  if (head === 'none') remarks.push('no classifier (fc, classifier.6 or conv_last)');
  return {
    architecture: trunk?.architecture ?? null,
    trunk: trunk?.trunk ?? null,
    open,
    remarks,
    head,
    classes,
    parameters: parameterNames(tensors.keys()).reduce(
      (count, name) => count + elementsOf(tensors.get(name) ?? { shape: [0] }),
      0,
    ),
  };
}

function recogniseHead(tensors: TensorInfos): Pick<RecognisedModel, 'head' | 'classes'> {
  const calm = tensors.get('conv_last.weight');
  if (calm !== undefined) return { head: 'calm', classes: calm.shape[0] ?? null };
  const linear = tensors.get('fc.weight') ?? tensors.get('classifier.6.weight');
  return linear === undefined
    ? { head: 'none', classes: null }
    : { head: 'torchvision', classes: linear.shape[0] ?? null };
}
