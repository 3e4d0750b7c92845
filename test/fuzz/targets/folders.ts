/** Whole folders: data sets with damaged lists and pictures, links and folders where files should be; and shards of weights. */
import type { Random } from '../chance.ts';
import type { Target } from '../target.ts';
import { accessed } from '../accesses.ts';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import {
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { encodeTensor, serializeSafetensors } from '../../../src/model/safetensors.ts';
import { mutateJsonText } from '../json.ts';
import { mutateLines } from '../lines.ts';
import { mutateMany } from '../bytes.ts';
import { openCub, readCubAnnotations } from '../../../src/data/cub.node.ts';
import { openDataset } from '../../../src/data/open_dataset.node.ts';
import { pick } from '../chance.ts';
import { readWeightsFile } from '../../../src/model/files/open_weights.node.ts';
import { scratchFolder } from '../scratch.ts';
import { SPLITS } from '../../../src/data/image_dataset.ts';

/** Throws what is no error of ours, and so a finding, where something was read that is neither in a folder nor lists or attributes beside it. */
function checkAccesses(folder: string): void {
  const allowed = [
    folder,
    join(dirname(folder), 'metadata'),
    join(dirname(dirname(folder)), 'metadata'),
    join(dirname(folder), 'attributes.txt'),
  ];
  for (const path of accessed)
    if (!allowed.some((root) => `${resolve(path)}${sep}`.startsWith(`${root}${sep}`)))
      throw new Error(`reads outside of the folder: ${path}`);
}

/** A folder that is damaged again and again: what was damaged before is mended first. */
class DamagedFolder {
  readonly path: string;
  readonly files: readonly string[];
  readonly #original: string;
  readonly #damaged = new Set<string>();

  constructor(original: string, path: string) {
    this.#original = original;
    this.path = path;
    cpSync(original, path, { recursive: true });
    this.files = globSync('**', { cwd: original }).filter((file) => statSync(join(original, file)).isFile());
  }

  mend(): void {
    for (const file of this.#damaged) {
      rmSync(join(this.path, file), { recursive: true, force: true });
      cpSync(join(this.#original, file), join(this.path, file));
    }
    this.#damaged.clear();
  }

  damage(file: string, random: Random, donor: Uint8Array): void {
    const place = join(this.path, file);
    this.#damaged.add(file);
    const bytes = new Uint8Array(readFileSync(join(this.#original, file)));
    // It may be a link by now.
    rmSync(place, { recursive: true, force: true });
    if (random(10) > 0) {
      const text = new TextDecoder().decode(bytes);
      const separator = text.includes(',') ? ',' : ' ';
      writeFileSync(
        place,
        file.endsWith('.txt') ? mutateLines(text, separator, random) : mutateMany(bytes, random, donor),
      );
      return;
    }
    // Nothing at all, a folder, a link to itself, to nothing, to a device without an end, or to another file of the folder.
    const link = pick(random, [
      null,
      null,
      basename(file),
      'nowhere',
      '/dev/zero',
      relative(dirname(place), join(this.path, pick(random, this.files))),
    ]);
    if (link !== null) symlinkSync(link, place);
    else if (random(2) === 0) mkdirSync(place);
  }
}

const cub = join(import.meta.dirname, '..', '..', 'fixtures', 'cub_tiny');
const openImages = join(import.meta.dirname, '..', '..', 'fixtures', 'openimages_tiny');
let folders: readonly DamagedFolder[] | undefined;
const damagedFolders = (): readonly DamagedFolder[] =>
  (folders ??= [cub, openImages].map(
    (original, index) => new DamagedFolder(original, join(scratchFolder(`data${index}`), 'beside', 'data')),
  ));

const KINDS = ['auto', 'cub', 'lists', 'openimages', 'ilsvrc', 'folder'] as const;

async function readDataset(folder: string, random: Random): Promise<void> {
  const split = pick(random, SPLITS);
  const kind = random(2) === 0 ? 'auto' : pick(random, KINDS);
  const onlyPresent = random(3) === 0;
  if (random(4) === 0) await readCubAnnotations(folder);
  const dataset =
    random(3) === 0
      ? await openCub({ folder, split, onlyPresent })
      : await openDataset({ folder, split, kind, ...(kind === 'cub' ? { onlyPresent } : {}) });
  for (let index = 0; index < dataset.length; index += 1) {
    dataset.label(index);
    dataset.size(index);
    dataset.boxes(index);
    for (const path of [dataset.path(index), ...dataset.maskPaths(index)]) accessed.push(path);
  }
  const index = random(dataset.length);
  await dataset.load(index);
  await dataset.mask(index);
  if ('segmentation' in dataset) await (dataset as Awaited<ReturnType<typeof openCub>>).segmentation(index);
}

const datasets: Target = {
  name: 'folders of data sets',
  named: /[/\\]data|openDataset/,
  // The pictures are small; what lists may allocate is told in lists.ts, and a million classes have names.
  allocation: { multiple: 500, slack: 1 << 27 },
  inputs: 300,
  attempt(random) {
    const folder = pick(random, damagedFolders());
    folder.mend();
    const donor = new Uint8Array(readFileSync(join(cub, 'images.txt')));
    for (let left = random(3); left >= 0; left -= 1) folder.damage(pick(random, folder.files), random, donor);
    return {
      size: 100_000,
      async run() {
        accessed.length = 0;
        try {
          await readDataset(folder.path, random);
        } finally {
          checkAccesses(folder.path);
        }
      },
    };
  },
};

const shard = (name: string): Uint8Array =>
  serializeSafetensors([[name, encodeTensor(new Float32Array(2), [2])]]);
const INDEX = { weight_map: { a: 'x.safetensors', b: 'y.safetensors' } };

const shards: Target = {
  name: 'folders of shards',
  named: /shards/,
  allocation: { multiple: 400, slack: 1 << 26 },
  inputs: 500,
  attempt(random) {
    const folder = scratchFolder('shards');
    const files: readonly (readonly [string, Uint8Array])[] = [
      ['x.safetensors', shard('a')],
      ['y.safetensors', shard('b')],
      ['model.safetensors.index.json', new TextEncoder().encode(JSON.stringify(INDEX))],
    ];
    const chosen = random(files.length + 1);
    for (const [index, [file, bytes]] of files.entries()) {
      const isIndex = file.endsWith('.json');
      const damaged = isIndex ? mutateShardIndex(random) : mutateMany(bytes, random, bytes);
      writeFileSync(
        join(folder, file),
        index === chosen || (chosen === files.length && isIndex) ? damaged : bytes,
      );
    }
    return {
      size: 1000,
      async run() {
        accessed.length = 0;
        try {
          await readWeightsFile(folder);
        } finally {
          checkAccesses(folder);
        }
      },
    };
  },
};

const NAMES = ['../x', '/etc/x', 'a/../../x', 'x\0', 'x'.repeat(300), '..', '', 'C:x', '\\x', 'no'];

function mutateShardIndex(random: Random): Uint8Array {
  if (random(2) === 0) return mutateJsonText(INDEX, random);
  const file = `${pick(random, NAMES)}.safetensors`;
  return new TextEncoder().encode(JSON.stringify({ weight_map: { a: file, b: 'y.safetensors' } }));
}

export const folderTargets: readonly Target[] = [datasets, shards];
