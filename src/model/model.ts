import type { Engine } from '../runtime/engine.ts';
import type { HeadLogits, Prediction } from './head.ts';
import type { Layer, Mode, Pass } from './layers.ts';
import type { ModelConfiguration, ModelOptions } from './configuration.ts';
import type { ParameterStore } from '../runtime/parameters.ts';
import type { PosteriorOptions } from '../kernels/joint_head/joint_head.ts';
import type { SafetensorsTensor } from './safetensors.ts';
import type { StateDict } from './state_dict.ts';
import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { Trunk, TrunkImportOptions } from './trunk.ts';
import type { Weights, WeightsCopy } from './weights.ts';
import { ArgumentError, reject } from '../runtime/errors.ts';
import { buildTrunk, familyOf } from './architectures.ts';
import { checkShape, imageShape } from '../runtime/shape.ts';
import { Head } from './head.ts';
import { initialValues } from './initialisation.ts';
import { jointPosterior } from '../kernels/joint_head/joint_maps.ts';
import {
  foldClassifier,
  listNames,
  readStateDict,
  stateNames,
  writePartOfStateDict,
  writeStateDict,
} from './state_dict.ts';
import { mean } from '../kernels/reduce/reduce.ts';
import { modelConfiguration } from './configuration.ts';
import { ModelWeights } from './weights.ts';

/** How to run images through a model. */
export interface ForwardOptions {
  /** Default: 'eval'. */
  readonly mode?: Mode;
  /** Instead of the model's own: a copy of earlier weights. */
  readonly weights?: Weights;
  /** See `Pass.observe`. Nothing is recomputed then: activations that are looked at must stay. */
  readonly observe?: Pass['observe'];
  /** See `Pass.synchronization`. */
  readonly synchronization?: Pass['synchronization'];
  /** Leave `Forward.features` readable until the tape ends. Default: false. */
  readonly keepFeatures?: boolean;
}

/** What a forward pass gives. */
export interface Forward extends HeadLogits {
  /** The trunk's output, [N,H,W,D]. Without gradients its memory is reused unless it was kept. */
  readonly features: Tensor;
}

/** How to compute a loss. */
export interface LossOptions extends ForwardOptions {
  /** EM only: q(z) [N,H,W] in place of the posterior under the weights themselves; from `posterior` of a slow copy. */
  readonly posterior?: Tensor;
}

/** The loss of a batch, recorded on the tape. */
export interface Loss extends HeadLogits {
  /** Mean over the batch, [], in nats: hand it to `tape.backward`. */
  readonly loss: Tensor;
  /** [N], in nats. */
  readonly perSample: Tensor;
  /** [N,C]; the largest is the predicted class. p(y|x) for CALM, mean logits for CAM. */
  readonly scores: Tensor;
}

/** What `loadTrunk` did, by name of the tensor. */
export interface TrunkLoad {
  readonly loaded: readonly string[];
  /** In the state, and of no use to the trunk. */
  readonly ignored: readonly string[];
  /** In the trunk, and not in the state: as they were. */
  readonly kept: readonly string[];
}

/** An image classifier whose decision is made location by location: a trunk, and a CAM or CALM head on it. */
export class Model {
  readonly engine: Engine;
  readonly configuration: ModelConfiguration;
  readonly weights: ModelWeights;
  /** All layers with parameters, trunk first. */
  readonly layers: readonly Layer[];
  readonly #trunk: Trunk;
  readonly #head: Head;

  constructor(engine: Engine, configuration: ModelConfiguration) {
    this.engine = engine;
    this.configuration = configuration;
    this.#trunk = buildTrunk(configuration);
    this.#head = new Head(configuration.head, this.#trunk.channels, configuration.classes);
    this.layers = [...this.#trunk.layers, ...this.#head.layers];
    const { frozen } = configuration;
    const isWithin = (name: string, prefix: string): boolean =>
      name === prefix || name.startsWith(`${prefix}.`);
    for (const prefix of frozen) {
      if (this.layers.some(({ name }) => isWithin(name, prefix) || isWithin(prefix, name))) continue;
      const parts = new Set(this.layers.map(({ name }) => name.split('.')[0]));
      reject(
        'createModel',
        'frozen',
        prefix,
        `a part of the network: ${[...parts].join(', ')}, or within one`,
      );
    }
    // What no loss reaches (CAM has its attention branch for its checkpoints' sake) nothing must move, decay and momentum included.
    const unreached = [
      ...(this.#trunk.unused ?? []),
      ...(configuration.head.kind === 'cam' ? ['attention'] : []),
    ];
    const untrained = [...frozen, ...unreached];
    this.weights = new ModelWeights(engine, this.layers, {
      isFrozen: (name) => frozen.some((prefix) => isWithin(name, prefix)),
      isTrained: (name) => !untrained.some((prefix) => isWithin(name, prefix)),
    });
    for (const layer of this.layers) {
      for (const [name, values] of initialValues(layer, configuration.seed, configuration.initialisation))
        engine.write(this.weights.parameter(name), values);
    }
  }

  /** The trained tensors, their gradients, and their names. */
  get parameters(): ParameterStore {
    return this.weights.parameters;
  }

  /** How `explainCalm` and the joint-head operations must be asked for this model's maps. */
  get posteriorOptions(): PosteriorOptions {
    return this.#head.posteriorOptions;
  }

  /** Images f32 [N,H,W,3], normalised, to features and logits. Throws ArgumentError when they are no such images. */
  forward(tape: Tape, images: Tensor, options: ForwardOptions = {}): Forward {
    const [, height, width, channels] = imageShape('forward', 'images', images);
    if (channels !== 3) reject('forward', 'channels of images', String(channels), '3');
    const { smallestSide } = this.#trunk;
    if (Math.min(height, width) < smallestSide) {
      const { architecture } = this.configuration;
      const least = `at least ${smallestSide} x ${smallestSide} for ${architecture}`;
      reject('forward', 'size of images', `${height} x ${width}`, least);
    }
    const pass: Pass = {
      tape,
      weights: options.weights ?? this.weights,
      mode: options.mode ?? 'eval',
      recompute: this.configuration.recompute && options.observe === undefined,
      ...(options.observe === undefined ? {} : { observe: options.observe }),
      ...(options.synchronization === undefined ? {} : { synchronization: options.synchronization }),
    };
    const features = this.#trunk.run(pass, images);
    const logits = this.#head.logits(pass, features);
    if (options.keepFeatures === true) tape.keep(features);
    else tape.release(features);
    return { features, ...logits };
  }

  /** The logits of features [N,H,W,D] such as `forward` gives: the head alone, to go on from features that are looked into. */
  headLogits(tape: Tape, features: Tensor, { weights = this.weights }: ForwardOptions = {}): HeadLogits {
    checkShape('headLogits', 'features', features, [...features.shape.slice(0, 3), this.#trunk.channels]);
    return this.#head.logits({ tape, weights, mode: 'eval', recompute: false }, features);
  }

  /** The head's loss for images [N,H,W,3] with labels [N]. Mode is 'train' unless the options say otherwise. */
  loss(tape: Tape, images: Tensor, labels: Tensor<'u32'>, options: LossOptions = {}): Loss {
    checkShape('loss', 'labels', labels, [images.shape[0] ?? 0]);
    const { classLogits, locationLogits } = this.forward(tape, images, { mode: 'train', ...options });
    const logits = { classLogits, locationLogits };
    const { perSample, scores } = this.#head.loss(tape, logits, labels, options.posterior);
    return { ...logits, perSample, scores, loss: mean(tape, perSample) };
  }

  /** p(z|x,y) of the labels, [N,H,W], not recorded. Throws ArgumentError for a CAM head, which has none. */
  posterior(tape: Tape, images: Tensor, labels: Tensor<'u32'>, options: ForwardOptions = {}): Tensor {
    if (this.configuration.head.kind === 'cam')
      throw new ArgumentError('posterior: the head is cam, wanted calm-em or calm-ml');
    const { classLogits, locationLogits } = this.forward(tape, images, options);
    return jointPosterior(tape, classLogits, locationLogits, labels, this.#head.posteriorOptions);
  }

  /** Probabilities [N,C], prior [N,H,W] and both logits of images [N,H,W,3]. */
  predict(tape: Tape, images: Tensor, options: ForwardOptions = {}): Prediction {
    const { classLogits, locationLogits } = this.forward(tape, images, options);
    return this.#head.predict(tape, { classLogits, locationLogits });
  }

  /** All numbers by PyTorch name, in PyTorch's layouts, ready for `writeSafetensors`. */
  stateDict(): Promise<Map<string, SafetensorsTensor>> {
    return readStateDict(this.engine, this.layers, this.weights);
  }

  /**
   * Takes all numbers from a state dict of the same network. torchvision's `fc` becomes the head's 1x1 convolution when the head
   * is CAM; the attention branch, which such a file lacks, then stays as it is.
   * @throws ArgumentError naming what is missing, unknown or of another shape; the weights are then unchanged
   */
  loadStateDict(state: StateDict): void {
    const torchvision = state.has('fc.weight') && this.configuration.head.kind === 'cam';
    const folded = torchvision ? foldClassifier(state) : state;
    const layers = torchvision ? this.layers.filter(({ name }) => name !== 'attention.0') : this.layers;
    const known = new Set(stateNames(this.layers));
    const unknown = [...folded.keys()].filter((name) => !known.has(name));
    if (unknown.length > 0)
      throw new ArgumentError(`loadStateDict: the network has no ${listNames(unknown)}`);
    writeStateDict(this.engine, layers, this.weights, folded);
    this.weights.changes++;
  }

  /**
   * Takes the trunk's numbers from a state dict and leaves the head as it is: the start of fine-tuning. The state is that of a network
   * with this trunk, whatever its head, or of torchvision's model of the architecture; VGG16 takes vgg16 or vgg16_bn, as it has batch
   * norms. Layers that torchvision's model lacks (VGG's conv6, Inception's A3) stay as they are.
   * @throws ArgumentError naming what is missing or of another shape; the weights are then unchanged
   */
  loadTrunk(state: StateDict, options: TrunkImportOptions = {}): TrunkLoad {
    const { layers } = this.#trunk;
    const names = stateNames(layers);
    const known = new Set(names);
    const isOwn = names.every((name) => state.has(name) || name.endsWith('.num_batches_tracked'));
    const imported = isOwn
      ? { state, ignored: [...state.keys()].filter((name) => !known.has(name)), kept: [] }
      : familyOf(this.configuration.architecture).fromTorchvision(state, this.configuration, options);
    const { ignored, kept } = imported;
    writePartOfStateDict(this.engine, layers, this.weights, imported.state, new Set(kept));
    this.weights.changes++;
    return { loaded: names.filter((name) => imported.state.has(name)), ignored, kept };
  }

  /** A copy of the present weights for `ForwardOptions.weights`. The caller disposes of it. */
  copyWeights(): WeightsCopy {
    return this.weights.copy();
  }

  dispose(): void {
    this.weights.dispose();
  }
}

/**
 * Builds a model with initial weights on an engine.
 *
 *     const model = createModel(engine, { architecture: 'resnet50', head: 'calm-em', classes: 200 });
 *
 * @throws ArgumentError naming the option that cannot be
 */
export function createModel(engine: Engine, options: ModelOptions): Model {
  return new Model(engine, modelConfiguration(options));
}
