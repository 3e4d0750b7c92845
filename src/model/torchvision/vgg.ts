import type { StateDict } from '../state_dict.ts';
import type { TrunkImport, TrunkImportOptions } from '../trunk.ts';
import { ArgumentError } from '../../runtime/errors.ts';

const FEATURE = /^features\.(\d+)\.(.+)$/;

/** Positions in `features` of modules with parameters, in order. */
function positions(names: Iterable<string>): number[] {
  const found = new Set<number>();
  for (const name of names) {
    const position = FEATURE.exec(name)?.[1];
    if (position !== undefined) found.add(Number(position));
  }
  return [...found].toSorted((a, b) => a - b);
}

/**
 * torchvision's VGG16 as CALM's: the k-th module with parameters of `features` becomes the k-th, whatever its position, because the
 * large feature map has a pool less and so shifts what follows; `classifier` is left out. `conv6` and `bn6` are CALM's own.
 * @param trunk Names of the trunk's tensors.
 * @throws ArgumentError when the file has another number of layers: with batch norms for a network without, say
 */
export function vggFromTorchvision(
  state: StateDict,
  trunk: readonly string[],
  { official = false }: TrunkImportOptions,
): TrunkImport {
  const [theirs, ours] = [positions(state.keys()), positions(trunk)];
  if (theirs.length !== ours.length) {
    const kinds = [
      [13, "torchvision's vgg16 (useBatchNorm: false)"],
      [26, "torchvision's vgg16_bn (useBatchNorm: true)"],
    ] as const;
    const describe = (count: number): string =>
      `${count} layers in features${kinds.map(([of, what]) => (of === count ? `, as ${what}` : '')).join('')}`;
    throw new ArgumentError(
      `loadTrunk: the file has ${describe(theirs.length)}; wanted ${describe(ours.length)}`,
    );
  }
  const known = new Set(trunk);
  const renamed = new Map<string, string>();
  for (const name of state.keys()) {
    const [, position, tensor] = FEATURE.exec(name) ?? [];
    if (position === undefined || tensor === undefined) continue;
    const shifts = !official || tensor === 'weight' || tensor === 'bias';
    const place = shifts ? ours[theirs.indexOf(Number(position))] : position;
    const own = `features.${place}.${tensor}`;
    if (known.has(own)) renamed.set(name, own);
  }
  const taken = new Set(renamed.values());
  const isOptional = (name: string): boolean =>
    !name.startsWith('features.') ||
    (official && /\.(running_mean|running_var|num_batches_tracked)$/.test(name));
  return {
    state: new Map(
      [...state].flatMap(([name, tensor]) => {
        const own = renamed.get(name);
        return own === undefined ? [] : [[own, tensor] as const];
      }),
    ),
    ignored: [...state.keys()].filter((name) => !renamed.has(name)),
    kept: trunk.filter((name) => !taken.has(name) && isOptional(name)),
  };
}
