import type { Layer, Pass } from './layers.ts';
import type { StateDict } from './state_dict.ts';
import type { Tensor } from '../runtime/tensor.ts';

/** The part of a network below its head: layers with parameters, and how images become features. Fully convolutional. */
export interface Trunk {
  /** Channels of the features. */
  readonly channels: number;
  /** All layers with parameters, in the order of PyTorch's state_dict. */
  readonly layers: readonly Layer[];
  /** Least height and width of an image. */
  readonly smallestSide: number;
  /** Parts whose output nothing uses, by prefix: no gradient reaches their parameters, so that training leaves these alone. */
  readonly unused?: readonly string[];
  /**
   * [N,H,W,3] -> [N,h,w,channels]. Runs layers by `runConv2d` and `runBatchNorm2d`, blocks in `runPart`; releases on the tape what it
   * made and needs no more (never the images), and shows the pass's observer its activations by PyTorch's names.
   */
  run(pass: Pass, images: Tensor): Tensor;
}

/** How numbers from a torchvision file are taken over. */
export interface TrunkImportOptions {
  /**
   * As the released code's loader does it: VGG16 with batch norms and the large feature map then keeps the initial running statistics
   * of its last three batch norms, because that loader renames weights and biases only. Default: false, all are taken over.
   */
  readonly official?: boolean;
}

/** What of a torchvision file becomes a trunk's. */
export interface TrunkImport {
  /** By the trunk's names; the same objects as in the file. */
  readonly state: StateDict;
  /** Names in the file of what the trunk has no use for: a classifier's, say. */
  readonly ignored: readonly string[];
  /** Names in the trunk of what no such file has: it stays as it is. */
  readonly kept: readonly string[];
}

/**
 * A family of trunks: what `createModel` knows an architecture by. To add one, write it in a file of its own and list it in
 * architectures.ts; options, configurations, checkpoints and the command line follow from there.
 */
export interface TrunkFamily<
  Options extends { readonly architecture: string },
  Configuration extends { readonly architecture: string },
> {
  readonly architectures: readonly Options['architecture'][];
  /** Names of its options, beside `architecture` and what all models have. A configuration's names are among them. */
  readonly options: readonly string[];
  /** How the released CALM code starts it: see `initialValues`. */
  readonly officialInitialisation: 'xavier' | 'he';
  /** Checks options and fills in the defaults: plain JSON, from which `build` makes the same trunk again. Takes configurations too. */
  configure(options: Options): Configuration;
  build(configuration: Configuration): Trunk;
  /**
   * The trunk's part of a file of torchvision's model of that name.
   * @throws ArgumentError when it visibly is none
   */
  fromTorchvision(state: StateDict, configuration: Configuration, options: TrunkImportOptions): TrunkImport;
}
