import type { RecognisedTrunk, TensorInfos } from './recognise.ts';

/** Inception-v3 by names that only it has; null when it is none. */
export function recogniseInception(tensors: TensorInfos): RecognisedTrunk | null {
  if (!tensors.has('Conv2d_1a_3x3.conv.weight') || !tensors.has('Mixed_6e.branch_pool.conv.weight'))
    return null;
  const calm = tensors.has('A3_1b.0.weight');
  return {
    architecture: 'inception_v3',
    trunk: {
      architecture: 'inception_v3',
      ...(calm ? { useBatchNorm: tensors.has('A3_1b.1.weight') } : {}),
    },
    open: calm ? ['the strides, and with them the size of the maps'] : [],
    remarks: calm
      ? []
      : [
          "torchvision's: up to Mixed_6e it can start the trunk; Mixed_7 and its classifier have no place in a CAM or CALM",
        ],
  };
}
