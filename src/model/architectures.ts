import type { Trunk, TrunkFamily } from './trunk.ts';
import { inceptionFamily } from './inception.ts';
import { reject } from '../runtime/errors.ts';
import { resnetFamily } from './resnet_family.ts';
import { vggFamily } from './vgg.ts';

/** All trunks that there are. A new one needs a line here, and nothing else outside its own file. */
const FAMILIES = [resnetFamily, vggFamily, inceptionFamily] as const;

type Family = (typeof FAMILIES)[number];

/** Options of a trunk, by its architecture. */
export type TrunkOptions = Parameters<Family['configure']>[0];

/** Trunk options with all defaults filled in; plain JSON. */
export type TrunkConfiguration = ReturnType<Family['configure']>;

export type Architecture = TrunkOptions['architecture'];

export const ARCHITECTURES: readonly Architecture[] = FAMILIES.flatMap(
  ({ architectures }): readonly Architecture[] => architectures,
);

/** The family of an architecture. Throws ArgumentError for an unknown name. */
export function familyOf(architecture: Architecture): TrunkFamily<TrunkOptions, TrunkConfiguration> {
  const families: readonly TrunkFamily<TrunkOptions, TrunkConfiguration>[] = FAMILIES;
  const family = families.find(({ architectures }) => architectures.includes(architecture));
  return family ?? reject('createModel', 'architecture', String(architecture), ARCHITECTURES.join(' | '));
}

/** Builds the trunk of a configuration: its layers and how they run; no numbers yet. */
export function buildTrunk(configuration: TrunkConfiguration): Trunk {
  return familyOf(configuration.architecture).build(configuration);
}
