import type { Command } from 'commander';
import type { HeadKind } from '../../src/model/head.ts';
import type { ModelChoice } from '../options.ts';
import type { ModelConfiguration, ModelOptions } from '../../src/model/configuration.ts';
import type { RecognisedModel, TensorInfos } from '../../src/model/recognise/recognise.ts';
import type { TrunkOptions } from '../../src/model/architectures.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { outputStride, trunkOptions } from '../options.ts';
import { recogniseModel } from '../../src/model/recognise/recognise.ts';

/** What the user said about weights that do not know it themselves; undefined: nothing. */
export type ForeignChoice = Partial<Omit<ModelChoice, 'official'>> & { readonly official?: boolean };

/** Of the options of `addModelOptions`, those that stand on the command line. */
export function givenChoice(command: Command, options: ForeignChoice): ForeignChoice {
  const names = ['architecture', 'head', 'official', 'outputStride', 'largeFeatureMap', 'batchNorm'] as const;
  const given = names.filter((name) => command.getOptionValueSource(name) === 'cli');
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}

/** Image pixels per location of a network. */
function strideOf(configuration: ModelConfiguration): number {
  if (!('strides' in configuration)) return configuration.outputStride;
  const { stem, strides } = configuration;
  return strides.reduce((product, stride) => product * stride, stem.stride * (stem.pool ? 2 : 1));
}

/** Refuses what is said of a checkpoint of ours that says otherwise itself. Throws ArgumentError. */
export function checkChoice(path: string, choice: ForeignChoice, configuration: ModelConfiguration): void {
  const { architecture, head } = configuration;
  const stride = strideOf(configuration);
  const known: Readonly<Record<keyof ForeignChoice, unknown>> = {
    architecture,
    head: head.kind,
    official: head.prior === 'relu' && head.detachNormalizer && head.officialEpsilons,
    outputStride: stride,
    largeFeatureMap: stride === 8,
    batchNorm: 'useBatchNorm' in configuration ? configuration.useBatchNorm : true,
  };
  for (const name of Object.keys(choice) as (keyof ForeignChoice)[]) {
    if (choice[name] === undefined || choice[name] === known[name]) continue;
    throw new ArgumentError(
      `${path}: a checkpoint of calm train knows its own ${name}: ${String(known[name])}, got ${String(choice[name])}`,
    );
  }
}

/**
 * The model that weights without our metadata belong to: what their names and shapes tell, and what the options say of the rest.
 * torchvision's have a linear classifier, which becomes the head of a CAM, and stride 32; the released CALM code's have stride 16, and its
 * form of CALM.
 * @throws ArgumentError naming the option that is missing or does not fit
 */
export function foreignModel(path: string, tensors: TensorInfos, choice: ForeignChoice): ModelOptions {
  const recognised = recogniseModel(tensors);
  const { head, classes, architecture } = recognised;
  if (head === 'none' || classes === null)
    throw new ArgumentError(`${path}: neither fc.weight (torchvision) nor conv_last.weight (CALM) is in it`);
  if (
    head === 'torchvision' &&
    recognised.trunk !== null &&
    !recognised.trunk.architecture.startsWith('resnet')
  )
    throw new ArgumentError(
      `${path}: ${architecture} with torchvision's classifier cannot be a CAM; it can start a training: calm train --weights`,
    );
  const kind = headKind(path, head, choice.head);
  return {
    ...trunkOf(path, recognised, choice, head === 'torchvision' ? 32 : 16),
    head: { kind, official: choice.official ?? head === 'calm' },
    classes,
  };
}

function headKind(path: string, head: 'torchvision' | 'calm', wanted: HeadKind | undefined): HeadKind {
  if (head === 'torchvision') {
    if (wanted !== undefined && wanted !== 'cam')
      throw new ArgumentError(
        `${path}: weights with a linear classifier (fc), wanted --head cam, got ${wanted}`,
      );
    return 'cam';
  }
  if (wanted === undefined)
    throw new ArgumentError(
      `${path}: CAM, CALM-EM and CALM-ML have the same tensors, which do not tell them apart: wanted --head cam, calm-em or calm-ml`,
    );
  return wanted;
}

function trunkOf(
  path: string,
  { trunk, architecture, remarks }: RecognisedModel,
  choice: ForeignChoice,
  usualStride: 16 | 32,
): TrunkOptions {
  const stride = outputStride(choice);
  if (trunk === null) {
    if (choice.architecture === undefined || architecture !== null)
      throw new ArgumentError(
        `${path}: no network that can be built here: ${[architecture, ...remarks].filter(Boolean).join('; ')}`,
      );
    const { architecture: wanted, batchNorm } = choice;
    const named = { architecture: wanted, ...(batchNorm === undefined ? {} : { batchNorm }) };
    return trunkOptions(named, stride ?? usualStride);
  }
  if (choice.architecture !== undefined && choice.architecture !== trunk.architecture)
    throw new ArgumentError(
      `${path}: its tensors are those of ${trunk.architecture}, got --architecture ${choice.architecture}`,
    );
  // VGG's layout tells its stride.
  const known = 'outputStride' in trunk ? trunk.outputStride : undefined;
  if (known !== undefined && stride !== undefined && stride !== known)
    throw new ArgumentError(`${path}: its layers are those of --output-stride ${known}, got ${stride}`);
  return { ...trunk, outputStride: known ?? stride ?? usualStride } as TrunkOptions;
}
