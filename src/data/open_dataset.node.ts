import type { DatasetKind, ImageDataset, Split } from './image_dataset.ts';
import { pathExists } from './path_exists.node.ts';
import { readdir } from 'node:fs/promises';
import { readRegularFile } from '../runtime/regular_file.node.ts';
import { basename, dirname, join } from 'node:path';
import { DATASET_KINDS, SPLITS } from './image_dataset.ts';
import { DatasetError } from './dataset.ts';
import { CUB_SPLIT_FILE } from './cub_lists.node.ts';
import { eachLine } from './lists.ts';
import { holdsClassFolders, openClassFolders } from './class_folders.node.ts';
import { LAYOUTS } from './layouts.ts';
import { openCub } from './cub.node.ts';
import { openListed } from './listed.node.ts';
import { reject } from '../runtime/errors.ts';

export interface OpenDatasetOptions {
  /** The data set's folder, or one that holds it under its official name (CUB, ILSVRC, OpenImages). */
  readonly folder: string;
  readonly split: Split;
  /** Default `auto`: told by the layout. */
  readonly kind?: DatasetKind | 'auto';
  /** Folder of the lists: with train, val and test in it, or with those of several data sets. Default: looked for in and beside the folder. */
  readonly metadata?: string;
  /** Train on image_ids_proxy.txt, as the official `--proxy_training_set`. Default false. */
  readonly proxy?: boolean;
  /** CUB only: leave out what is not on disk (see openCub). */
  readonly onlyPresent?: boolean;
  /** Turn pictures upright by their EXIF orientation. Default false, as the official code. */
  readonly applyOrientation?: boolean;
  /** Folders of classes without splits: the seed that splits them. Default 0. */
  readonly seed?: number;
}

/** What the official data roots and lists are called. */
const OFFICIAL_NAMES = { cub: 'CUB', ilsvrc: 'ILSVRC', openimages: 'OpenImages' } as const;
type OfficialKind = keyof typeof OFFICIAL_NAMES;

/**
 * Opens one split of a data set on disk: CUB-200-2011, ILSVRC, OpenImages30k (layouts and lists of wsolevaluation and CALM), any folder with
 * such lists, or a folder of class folders. Throws a DatasetError that says what is missing and what the layout should be.
 */
export async function openDataset(options: OpenDatasetOptions): Promise<ImageDataset> {
  const { split, proxy = false, onlyPresent = false, applyOrientation = false, seed = 0 } = options;
  if (!SPLITS.includes(split)) reject('openDataset', 'split', String(split), SPLITS.join(', '));
  const place = await locateDataset(options);
  if (onlyPresent && place.kind !== 'cub')
    reject('openDataset', 'onlyPresent', `true with ${place.kind}`, 'a data set of the kind cub');
  if (proxy && place.kind === 'folder')
    reject('openDataset', 'proxy', 'true with a folder of classes', 'a data set with lists');
  const { kind, folder } = place;
  if (kind === 'folder') return openClassFolders({ folder, split, seed, applyOrientation });
  if (kind === 'cub') {
    const lists = place.metadata === undefined ? {} : { metadata: place.metadata };
    return openCub({ folder, split, ...lists, onlyPresent, proxy, applyOrientation });
  }
  const { metadata } = place;
  return openListed({ kind, folder, imageRoot: folder, metadata, split, proxy, applyOrientation });
}

/** Where a data set and its lists are. CUB without `metadata` has its own train_test_split.txt. */
export type DatasetPlace =
  | {
      readonly kind: Exclude<DatasetKind, 'cub' | 'folder'>;
      readonly folder: string;
      readonly metadata: string;
    }
  | { readonly kind: 'cub'; readonly folder: string; readonly metadata?: string }
  | { readonly kind: 'folder'; readonly folder: string };

/** Finds out what kind of data set a folder holds. Throws a DatasetError that says what was expected. */
export async function locateDataset(
  options: Pick<OpenDatasetOptions, 'folder' | 'kind' | 'metadata'>,
): Promise<DatasetPlace> {
  const { folder: given, kind: wanted = 'auto', metadata: lists } = options;
  if (wanted !== 'auto' && !DATASET_KINDS.includes(wanted))
    reject('openDataset', 'kind', String(wanted), `auto, ${DATASET_KINDS.join(', ')}`);
  if (!(await pathExists(given))) throw new DatasetError(`${given}: there is no such folder`);
  const official = await officialFolder(given, wanted);
  const folder = official?.folder ?? given;
  if (wanted === 'folder') return { kind: wanted, folder };
  const name = wanted in OFFICIAL_NAMES ? OFFICIAL_NAMES[wanted as OfficialKind] : listsName(folder);
  const metadata = await listsFolder(folder, name, lists);
  const kind = wanted === 'auto' ? (official?.kind ?? (await recognise(folder, metadata))) : wanted;
  if (kind === 'folder') return { kind, folder };
  if (kind !== undefined && metadata !== undefined) return { kind, folder, metadata };
  if (kind === 'cub' && lists === undefined && (await pathExists(join(folder, CUB_SPLIT_FILE))))
    return { kind, folder };
  if (kind !== undefined || lists !== undefined) throw noLists(folder, lists, LAYOUTS[kind ?? 'lists']);
  throw new DatasetError(
    `${folder}: not a data set that is known here\n${Object.values(LAYOUTS).join('\n')}`,
  );
}

/** What the lists beside a folder are called: as the folder is, but CUB's as wsolevaluation has it. */
function listsName(folder: string): string {
  const name = basename(folder);
  return name === 'CUB_200_2011' ? OFFICIAL_NAMES.cub : name;
}

function noLists(folder: string, lists: string | undefined, layout: string): DatasetError {
  const where =
    lists === undefined
      ? ' (metadata, --metadata on the command line, says where else they are)'
      : ` in ${lists}`;
  return new DatasetError(`${folder}: no split lists found${where}\n${layout}`);
}

/** The data set that a folder of data sets holds under its official name; undefined if the folder is no such folder. */
async function officialFolder(
  folder: string,
  wanted: DatasetKind | 'auto',
): Promise<{ readonly kind: OfficialKind; readonly folder: string } | undefined> {
  const found: OfficialKind[] = [];
  for (const kind of Object.keys(OFFICIAL_NAMES) as OfficialKind[])
    if (await pathExists(join(folder, OFFICIAL_NAMES[kind]))) found.push(kind);
  const kind = found.find((name) => name === wanted) ?? (wanted === 'auto' ? found[0] : undefined);
  if (kind === undefined) return undefined;
  if (wanted === 'auto' && found.length > 1)
    throw new DatasetError(`${folder} holds several data sets (${found.join(', ')}): say which by the kind`);
  return { kind, folder: join(folder, OFFICIAL_NAMES[kind]) };
}

/** The folder with the lists of the splits; undefined if there is none. */
async function listsFolder(
  folder: string,
  name: string,
  given: string | undefined,
): Promise<string | undefined> {
  const places =
    given === undefined
      ? [
          join(folder, 'metadata'),
          join(dirname(folder), 'metadata'),
          join(dirname(dirname(folder)), 'metadata'),
        ]
      : [given];
  for (const [distance, place] of places.entries()) {
    // Lists beside the folder belong to it only under its name: a neighbour's would fit by chance.
    const candidates = distance === 0 ? [place, join(place, name)] : [join(place, name)];
    for (const candidate of candidates)
      for (const split of SPLITS)
        if (await pathExists(join(candidate, split, 'class_labels.txt'))) return candidate;
  }
  return undefined;
}

async function recognise(folder: string, metadata: string | undefined): Promise<DatasetKind | undefined> {
  const byName = (Object.keys(OFFICIAL_NAMES) as OfficialKind[]).find(
    (kind) => basename(folder) === OFFICIAL_NAMES[kind],
  );
  if (byName !== undefined) return byName;
  const entries = await readdir(folder);
  if (
    entries.includes('classes.txt') ||
    (metadata !== undefined && entries.some((name) => name.startsWith('001.')))
  )
    return 'cub';
  if (metadata !== undefined) return recogniseLists(metadata);
  return (await holdsClassFolders(folder)) ? 'folder' : undefined;
}

/** By the first image of each split, and by whether there are masks. */
async function recogniseLists(metadata: string): Promise<DatasetKind> {
  for (const split of SPLITS) {
    const id = await firstLine(join(metadata, split, 'image_ids.txt'));
    if (/^(train\/n\d{8}\/|val\/ILSVRC2012_|val2\/\d+\/)/.test(id)) return 'ilsvrc';
    if (/\.png,.*$/.test(await firstLine(join(metadata, split, 'localization.txt')))) return 'openimages';
  }
  return 'lists';
}

async function firstLine(file: string): Promise<string> {
  let first = '';
  const text = (await readRegularFile(file).catch(() => '')).toString();
  // One line will do; ILSVRC's lists are long.
  eachLine(text.slice(0, 4096), (line) => {
    if (first === '') first = line;
  });
  return first;
}
