import type { SgdGroup } from '../kernels/sgd/sgd.ts';
import { reject } from '../runtime/errors.ts';

/**
 * Who learns fast:
 * - `modules`: everything behind the pretrained features, which are conv1, bn1 and layer1 to layer3 of a ResNet, all `features` of a
 *   VGG, and all of Inception-v3 but A3_1b and A3_2b. By whole modules: what the released code's lists evidently mean.
 * - `official`: as the released code's Trainer._set_optimizer, to the letter. It looks for its list anywhere in a name, so of a ResNet
 *   `layer4.0.conv1.weight` is slow, and the stem's `bn1.weight` fast. VGG and Inception-v3 come out as with `modules`.
 * - `fine-tune`: as the released code when it starts from a checkpoint of another data set: the head alone (of Inception-v3 A3_1b and
 *   A3_2b too, since its list has an old name for them).
 * - `one`: everything alike, at the slow rate.
 */
export type GroupKind = 'modules' | 'official' | 'fine-tune' | 'one';

export const GROUP_KINDS: readonly GroupKind[] = ['modules', 'official', 'fine-tune', 'one'];

/** What the groups follow from. */
export interface GroupOptions {
  /** Of the network whose parameters they are: a name that begins with resnet, vgg or inception. */
  readonly architecture: string;
  /** Of the slow group. */
  readonly learningRate: number;
  /** The fast group's learning rate over the slow one's. Default: 10. */
  readonly fastFactor?: number;
  /** On everything, biases and batch norms too. Default: 1e-4. */
  readonly weightDecay?: number;
}

/** What the slow parameters' names begin with (`modules`) or contain (the others), by the architecture's family. */
const SLOW = {
  modules: {
    resnet: ['conv1.', 'bn1.', 'layer1.', 'layer2.', 'layer3.'],
    vgg: ['features.'],
    inception: ['Mixed_', 'Conv2d_'],
  },
  official: {
    resnet: ['conv1', 'layer1', 'layer2', 'layer3'],
    vgg: ['features.'],
    inception: ['Mixed', 'Conv2d_1', 'Conv2d_2', 'Conv2d_3', 'Conv2d_4'],
  },
  'fine-tune': {
    resnet: ['conv1', 'bn1', 'layer1', 'layer2', 'layer3', 'layer4'],
    vgg: ['features.', 'conv6', 'bn6'],
    inception: ['Mixed', 'Conv2d_1', 'Conv2d_2', 'Conv2d_3', 'Conv2d_4', 'SPG_A3'],
  },
} as const;

const FAMILIES = ['resnet', 'vgg', 'inception'] as const;

function isSlow(kind: GroupKind, architecture: string): (name: string) => boolean {
  if (kind === 'one') return () => true;
  const family = FAMILIES.find((known) => architecture.startsWith(known));
  if (family === undefined)
    reject('parameterGroups', 'architecture', architecture, `a name that begins with ${FAMILIES.join(', ')}`);
  const parts: readonly string[] = SLOW[kind][family];
  return kind === 'modules'
    ? (name) => parts.some((part) => name.startsWith(part))
    : (name) => parts.some((part) => name.includes(part));
}

/**
 * The optimiser's groups of parameters, the slow one first; an empty group is left out.
 * @param names of the parameters, as in PyTorch's state_dict
 * @throws ArgumentError for an architecture whose features are not known
 */
export function parameterGroups(
  kind: GroupKind,
  names: readonly string[],
  options: GroupOptions,
): SgdGroup[] {
  const { architecture, learningRate, fastFactor = 10, weightDecay = 1e-4 } = options;
  const slow = isSlow(kind, architecture);
  const groups = [
    { parameters: names.filter(slow), learningRate, weightDecay },
    { parameters: names.filter((name) => !slow(name)), learningRate: learningRate * fastFactor, weightDecay },
  ];
  return groups.filter((group) => group.parameters.length > 0);
}
