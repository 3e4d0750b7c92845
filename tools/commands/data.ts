import type { DatasetPlace } from '../../src/data/open_dataset.node.ts';
import type { DatasetKind } from '../../src/data/image_dataset.ts';
import type { SplitReport } from '../data/check.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { checkSplit } from '../data/check.ts';
import { Command, Option } from 'commander';
import { DATASET_KINDS, SPLITS } from '../../src/data/image_dataset.ts';
import { DatasetError } from '../../src/data/dataset.ts';
import { describeReport } from '../data/describe.ts';
import { locateDataset, openDataset } from '../../src/data/open_dataset.node.ts';
import { wholeNumber } from '../options.ts';
import { writeFile } from 'node:fs/promises';

interface DataOptions {
  readonly dataset: DatasetKind | 'auto';
  readonly metadata?: string;
  readonly proxy?: true;
  readonly onlyPresent?: true;
  readonly decode?: true;
  readonly workers?: number;
  readonly seed: number;
  readonly json?: string;
}

/** Where the splits come from, in words. */
function listsOf(place: DatasetPlace): string {
  if (place.kind === 'folder') return '';
  return place.metadata === undefined
    ? ', split by its own train_test_split.txt'
    : `, lists in ${place.metadata}`;
}

async function check(folder: string, options: DataOptions): Promise<void> {
  const { dataset: kind, metadata, proxy, onlyPresent, seed, decode = false, workers, json } = options;
  const place = { folder, kind, ...(metadata === undefined ? {} : { metadata }) };
  const located = await locateDataset(place);
  console.log(`${located.folder}: ${located.kind}${listsOf(located)}`);
  const reports: SplitReport[] = [];
  const unopened: string[] = [];
  for (const split of SPLITS) {
    try {
      const dataset = await openDataset({
        ...place,
        split,
        seed,
        proxy: proxy ?? false,
        onlyPresent: onlyPresent ?? false,
      });
      const report = await checkSplit(dataset, { decode, ...(workers === undefined ? {} : { workers }) });
      reports.push(report);
      console.log(describeReport(report));
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      // The layout that follows is the same for all splits: once is enough.
      const [reason = '', ...layout] = error.message.split('\n');
      unopened.push(layout.join('\n'));
      console.log(`${split}: ${reason}`);
    }
  }
  if (json !== undefined)
    await writeFile(json, `${JSON.stringify({ ...located, splits: reports }, null, 2)}\n`);
  if (reports.length === 0) throw new ArgumentError(`${folder}: no split can be used\n${unopened[0] ?? ''}`);
  if (reports.some(({ missing, broken }) => missing.count + broken.count > 0)) process.exitCode = 1;
}

/** `calm data`: says what a data set holds and what is wrong with it. */
export function dataCommand(): Command {
  return new Command('data')
    .description(
      'check a data set: its kind, splits and classes, and whether all pictures and masks are there, readable and of the size that ' +
        'the lists say; ends with code 1 when something is missing or broken',
    )
    .argument(
      '<folder>',
      'CUB-200-2011, ILSVRC, OpenImages30k, any folder with split lists, or folders of classes',
    )
    .addOption(new Option('--dataset <kind>', 'its kind').choices(['auto', ...DATASET_KINDS]).default('auto'))
    .option(
      '--metadata <folder>',
      'split lists that are neither in the folder nor beside it, in a folder metadata',
    )
    .option('--proxy', "check the lists' image_ids_proxy.txt instead of the whole train list")
    .option('--only-present', 'CUB: leave out images that are not there, and classes of which none is')
    .option('--decode', 'decode every picture, instead of reading headers only')
    .option('--workers <count>', 'threads to decode on', wholeNumber(0))
    .option('--seed <number>', 'splits folders of classes that are not split', wholeNumber(0), 0)
    .option('--json <file>', 'write what was found')
    .action(check);
}
