import type { RecognisedTrunk, TensorInfos } from './recognise.ts';
import { RESNETS } from '../resnet.ts';

type ResNetName = keyof typeof RESNETS;

/** Blocks of each stage; null where they are not numbered from 0 on without gaps. */
function stagesOf(tensors: TensorInfos): number[] | null {
  const blocks = new Map<number, Set<number>>();
  for (const name of tensors.keys()) {
    const [, stage, block] = /^layer(\d{1,3})\.(\d{1,4})\./.exec(name) ?? [];
    if (stage === undefined || block === undefined) continue;
    const known = blocks.get(Number(stage)) ?? new Set();
    known.add(Number(block));
    blocks.set(Number(stage), known);
  }
  const layers: number[] = [];
  for (let stage = 1; stage <= blocks.size; stage += 1) {
    const known = blocks.get(stage);
    if (known === undefined || Math.max(...known) !== known.size - 1) return null;
    layers.push(known.size);
  }
  return layers.length === 0 ? null : layers;
}

const equal = (first: readonly number[], second: readonly number[]): boolean =>
  first.length === second.length && first.every((value, index) => value === second[index]);

/** A ResNet by its stem and its stages; null when it is none. */
export function recogniseResNet(tensors: TensorInfos): RecognisedTrunk | null {
  const stem = tensors.get('conv1.weight')?.shape;
  const layers = stagesOf(tensors);
  if (stem === undefined || layers === null) return null;
  const block = tensors.has('layer1.0.conv3.weight') ? 'bottleneck' : 'basic';
  const widths = layers.map((_, index) => tensors.get(`layer${index + 1}.0.conv2.weight`)?.shape[0] ?? 0);
  const names = Object.keys(RESNETS) as ResNetName[];
  const standard = names.find((name) => RESNETS[name].block === block && equal(RESNETS[name].layers, layers));
  const basis: ResNetName = standard ?? (block === 'bottleneck' ? 'resnet50' : 'resnet18');

  const [width = 0, , kernel = 0] = stem;
  const standardWidths = equal(widths, [64, 128, 256, 512].slice(0, widths.length));
  const standardStem = width === 64 && kernel === 7;
  const open = ['the strides, and with them the size of the maps'];
  if (kernel !== 7) open.push('the stride and the pool of the stem');
  const obstacles = obstaclesOf(tensors, layers, widths, block);
  return {
    architecture: standard ?? `a ResNet of ${block} blocks`,
    trunk:
      obstacles.length > 0
        ? null
        : {
            architecture: basis,
            ...(standard === undefined ? { layers } : {}),
            ...(standardWidths ? {} : { widths }),
            // A small kernel is for small images: those networks neither stride nor pool there.
            ...(standardStem
              ? {}
              : { stem: kernel === 7 ? { width, kernel } : { width, kernel, stride: 1, pool: false } }),
          },
    open,
    remarks: obstacles,
  };
}

/** Why it cannot be built from blocks as torchvision's resnet18 to 152 have them. */
function obstaclesOf(
  tensors: TensorInfos,
  layers: readonly number[],
  widths: readonly number[],
  block: 'basic' | 'bottleneck',
): string[] {
  const expansion = block === 'bottleneck' ? 4 : 1;
  const obstacles: string[] = [];
  let channels = tensors.get('conv1.weight')?.shape[0] ?? 0;
  for (const index of layers.keys()) {
    const stage = `layer${index + 1}.0`;
    const width = widths[index] ?? 0;
    const outputs = tensors.get(`${stage}.conv${block === 'bottleneck' ? 3 : 2}.weight`)?.shape[0] ?? 0;
    const inner = tensors.get(`${stage}.conv2.weight`)?.shape[1];
    if (inner !== width) obstacles.push(`${stage}.conv2 is grouped (ResNeXt)`);
    else if (outputs !== width * expansion)
      obstacles.push(`${stage} widens ${width} to ${outputs} (wide ResNet)`);
    if (!tensors.has(`${stage}.downsample.0.weight`) && channels !== outputs)
      obstacles.push(`${stage} has a shortcut without a convolution (as ResNets for CIFAR)`);
    channels = outputs;
  }
  return obstacles;
}
