import type { SgdGroup } from '../kernels/sgd/sgd.ts';

/** What the official groups follow from. */
export interface GroupOptions {
  /** Of the slow group. */
  readonly learningRate: number;
  /** The fast group's learning rate over the slow one's. Default: 10. */
  readonly fastFactor?: number;
  /** On everything, biases and batch norms too. Default: 1e-4. */
  readonly weightDecay?: number;
  /**
   * Substrings of the slow group's names. Default, as the released CALM code for ResNets: conv1, layer1, layer2 and layer3. By
   * substring, `layer4.0.conv1.weight` is slow and the stem's `bn1.weight` fast: so it is there, and results depend on it.
   */
  readonly slow?: readonly string[];
  /** The other way round, as the released code's fine-tuning: fast are the head's `conv_last` and `attention` alone. */
  readonly fineTune?: boolean;
}

const OFFICIAL_SLOW = ['conv1', 'layer1', 'layer2', 'layer3'];
const HEAD = ['conv_last', 'attention'];

/** The two groups of the released code's optimiser (Trainer._set_optimizer), the slow one first; an empty group is left out. */
export function officialGroups(names: readonly string[], options: GroupOptions): SgdGroup[] {
  const {
    learningRate,
    fastFactor = 10,
    weightDecay = 1e-4,
    slow = OFFICIAL_SLOW,
    fineTune = false,
  } = options;
  const contains = (name: string, parts: readonly string[]): boolean =>
    parts.some((part) => name.includes(part));
  const isSlow = (name: string): boolean => (fineTune ? !contains(name, HEAD) : contains(name, slow));
  const groups = [
    { parameters: names.filter(isSlow), learningRate, weightDecay },
    {
      parameters: names.filter((name) => !isSlow(name)),
      learningRate: learningRate * fastFactor,
      weightDecay,
    },
  ];
  return groups.filter((group) => group.parameters.length > 0);
}
