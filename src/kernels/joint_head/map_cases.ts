import type { CaseValues, OpCase, OpCases } from '../cases.ts';
import type { MapKind } from './map_reference.ts';
import type { PosteriorOptions } from './options.ts';
import type { RowVariant } from '../softmax/row_statistics.ts';
import { array64Input, floatInput, labelInput } from '../cases.ts';
import { jointMaps } from './joint_maps.ts';
import { jointMapsReference } from './map_reference.ts';

interface MapOptions extends PosteriorOptions {
  readonly kind: MapKind;
}

const kinds: readonly MapKind[] = [
  'prior',
  'probabilities',
  'joint',
  'conditional',
  'posterior',
  'probability',
];

/** Every kind of map of a head with logits [N,H,W,C] and sets of K classes. */
function mapCases(
  name: string,
  [images, height, width, classes]: readonly [number, number, number, number],
  set: readonly number[],
  options: PosteriorOptions = {},
  values: CaseValues = { kind: 'normal', scale: 2 },
  labels: CaseValues = { kind: 'integers', below: classes },
  locations: CaseValues = { kind: 'distinct', gap: 0.1 },
): OpCase<MapOptions>[] {
  return kinds.map((kind) => ({
    name: `${kind}, ${name} [${images},${height},${width},${classes}]`,
    inputs: [
      { shape: [images, height, width, classes], values },
      { shape: [images, height, width, 1], values: locations },
      { shape: [images, ...set], values: labels, dtype: 'u32' },
    ],
    options: { ...options, kind },
  }));
}

export const jointMapsCases: OpCases<MapOptions> = {
  name: 'jointMaps',
  cases: [
    ...mapCases('one class', [1, 1, 1, 1], []),
    ...mapCases('one class', [3, 5, 7, 11], []),
    ...mapCases('three classes', [2, 3, 5, 12], [3]),
    ...mapCases('relu', [2, 5, 5, 7], [], { prior: 'relu' }),
    ...mapCases('official', [2, 5, 5, 8], [2], { prior: 'relu', officialEpsilons: true }),
    ...mapCases('logits of +-80', [2, 4, 3, 20], [], {}, { kind: 'uniform', low: -80, high: 80 }),
    ...mapCases('logits of +-1000', [2, 4, 3, 5], [2], {}, { kind: 'uniform', low: -1000, high: 1000 }),
    ...mapCases('class outside', [2, 2, 2, 3], [], {}, { kind: 'normal' }, { kind: 'given', values: [3, 2] }),
    ...mapCases(
      'a ReLU prior that is zero everywhere',
      [2, 2, 2, 3],
      [],
      { prior: 'relu' },
      { kind: 'normal' },
      { kind: 'integers', below: 3 },
      { kind: 'given', values: [0, -1, -2, 0, 1, 0, 2, -1] },
    ),
  ],
  variants: ['invocation', 'lanes'] satisfies RowVariant[],
  run: (tape, inputs, { kind, ...options }, variant) => {
    const maps = jointMaps(tape, floatInput(inputs, 0), floatInput(inputs, 1), {
      ...options,
      variant: variant === 'lanes' ? 'lanes' : 'invocation',
    });
    if (kind === 'prior') return maps.prior();
    if (kind === 'probabilities') return maps.probabilities();
    return maps.classMaps(labelInput(inputs, 2))[kind];
  },
  reference: (inputs, { kind, ...options }) =>
    jointMapsReference(
      array64Input(inputs, 0),
      array64Input(inputs, 1),
      array64Input(inputs, 2),
      kind,
      options,
    ),
  // As the head's gradients: exponentials of differences of logarithms.
  tolerance: { absolute: 1e-7, relative: 1e-5 },
};
