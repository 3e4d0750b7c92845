import type { RecognisedTrunk, TensorInfos } from './recognise.ts';

/** Positions in `features` of VGG16's convolutions: PyTorch counts batch norms, ReLUs and pools too, so that these tell them all. */
const LAYOUTS = [
  { bn: false, stride: 16, convolutions: [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28] },
  { bn: false, stride: 8, convolutions: [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 23, 25, 27] },
  { bn: true, stride: 16, convolutions: [0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40] },
  { bn: true, stride: 8, convolutions: [0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 33, 36, 39] },
] as const;

/** VGG16 by the positions of its convolutions; null when it is none. */
export function recogniseVgg(tensors: TensorInfos): RecognisedTrunk | null {
  const convolutions: number[] = [];
  for (const [name, { shape }] of tensors) {
    const [, position] = /^features\.(\d{1,3})\.weight$/.exec(name) ?? [];
    if (position !== undefined && shape.length === 4) convolutions.push(Number(position));
  }
  const key = convolutions.toSorted((first, second) => first - second).join();
  const layout = LAYOUTS.find((candidate) => candidate.convolutions.join() === key);
  if (layout === undefined) return null;
  const torchvision = !tensors.has('conv6.weight');
  return {
    architecture: layout.bn ? 'vgg16_bn' : 'vgg16',
    // torchvision's own has a further pool and fully connected layers: its features are a trunk to start from.
    trunk: { architecture: 'vgg16', useBatchNorm: layout.bn, outputStride: layout.stride },
    open: [],
    remarks: torchvision
      ? [
          "torchvision's: its convolutions can start the trunk; its fully connected classifier has no place in a CAM or CALM",
        ]
      : [],
  };
}
