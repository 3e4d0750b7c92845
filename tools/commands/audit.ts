import type { MethodName } from '../../src/attribution/methods.ts';
import type { PropertyResult } from '../../src/attribution/audit/properties.ts';
import type { RandomisationResult } from '../../src/attribution/audit/randomisation.ts';
import type { DatasetKind, Split } from '../../src/data/image_dataset.ts';
import type { ModelChoice } from '../options.ts';
import { addWeightsOptions, choices, wholeNumber } from '../options.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { auditProperties } from '../../src/attribution/audit/properties.ts';
import { auditRandomisation, partsFromTop } from '../../src/attribution/audit/randomisation.ts';
import { Command, Option } from 'commander';
import { counted } from '../../src/report/counted.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createLoader } from '../../src/data/loader.ts';
import { DATASET_KINDS } from '../../src/data/image_dataset.ts';
import { describeResources } from '../resources.ts';
import { givenChoice } from '../weights/model_of.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../../src/train/batch.ts';
import { loadCheckpoint } from '../explain/load_model.ts';
import { METHOD_NAMES, offersMethod } from '../../src/attribution/methods.ts';
import { openDataset } from '../../src/data/open_dataset.node.ts';
import { printTable } from '../../bench/table.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

interface AuditOptions extends ModelChoice {
  readonly data: string;
  readonly dataset: DatasetKind | 'auto';
  readonly metadata?: string;
  readonly onlyPresent?: true;
  readonly split: Split;
  readonly images: number;
  readonly method?: readonly MethodName[];
  readonly samples: number;
  readonly size?: number;
  readonly seed: number;
  readonly json?: string;
  readonly adapter?: string;
}

/** Cheap enough for any model, and of every kind: the head's own map, one by the head's gradient, one and several by the image's. */
const DEFAULT_METHODS: readonly MethodName[] = [
  'joint',
  'cam',
  'grad-cam',
  'gradient',
  'integrated-gradients',
  'smooth-grad',
];

/** Fewer images than this are few to look for a worst case in. */
const ENOUGH_IMAGES = 20;

function printProperties(results: readonly PropertyResult[]): void {
  printTable(
    ['property', 'measured', 'worst', 'allowed', ''],
    results.map(({ property, measured, worst, allowed }) => [
      property,
      measured,
      worst.toExponential(1),
      allowed.toExponential(0),
      worst <= allowed ? 'holds' : 'does not hold',
    ]),
  );
}

function printRandomisation(results: readonly RandomisationResult[], parts: readonly string[]): void {
  const methods = [...new Set(results.map(({ method }) => method))];
  printTable(
    ['rank correlation / SSIM', ...parts],
    methods.map((method) => [
      method,
      ...parts.map((part) => {
        const found = results.find((result) => result.method === method && result.part === part);
        const text = (value: number | undefined): string =>
          value === undefined || Number.isNaN(value) ? '-' : value.toFixed(2);
        return `${text(found?.rankCorrelation)} / ${text(found?.structuralSimilarity)}`;
      }),
    ]),
  );
}

async function audit(checkpoint: string, options: AuditOptions, command: Command): Promise<void> {
  const { data, dataset: kindOfData, metadata, onlyPresent = false, split } = options;
  const { images: count, seed, samples, json } = options;
  const engine = await createEngine({ adapter: options.adapter });
  try {
    for (const note of engine.notes) console.log(note);
    const { model, crop } = await loadCheckpoint(engine, checkpoint, givenChoice(command, options));
    const { kind } = model.configuration.head;
    for (const name of options.method ?? [])
      if (!offersMethod(kind, name)) throw new ArgumentError(`--method: a ${kind} head has no ${name} map`);
    const methods = (options.method ?? DEFAULT_METHODS).filter((name) => offersMethod(kind, name));
    const size = options.size ?? crop ?? 224;
    const place = { folder: data, kind: kindOfData, ...(metadata === undefined ? {} : { metadata }) };
    const dataset = await openDataset({ ...place, split, onlyPresent });
    const loader = createLoader(dataset, { batchSize: count, resize: size, crop: size, mode: 'eval' });
    const start = performance.now();
    for await (const batch of loader.epoch(0)) {
      const tape = startTape(engine, { gradients: false });
      try {
        const { images } = uploadBatch(tape, batch, IMAGENET_NORMALIZATION);
        const properties = await auditProperties(model, images, seed);
        printProperties(properties);
        console.log(
          '\nSanity checks by cascading randomisation: what is left of the maps when all parts from the head down to',
        );
        console.log(
          'the one named are random. Maps of a method that depends on the weights fall to about 0.',
        );
        const request = { options: { samples, steps: samples, seed } };
        const randomisation = await auditRandomisation(model, images, methods, { seed, request });
        const parts = partsFromTop(model);
        printRandomisation(randomisation, parts);
        if (batch.labels.length < ENOUGH_IMAGES)
          console.log(
            `Measured on ${counted(batch.labels.length, 'image')} only: a larger worst may be found on more (--images).`,
          );
        console.log(describeResources(engine, batch.labels.length, (performance.now() - start) / 1000));
        if (json !== undefined) {
          const { configuration } = model;
          const content = {
            checkpoint,
            model: configuration,
            adapter: engine.adapter,
            data: { folder: data, split, images: batch.labels.length, size },
            seed,
            samples,
            properties,
            randomisation: { parts, results: randomisation },
          };
          await writeFileAtomically(json, `${JSON.stringify(content, null, 2)}\n`);
          console.log(json);
        }
      } finally {
        tape.end();
      }
      // One batch is the audit.
      break;
    }
    model.dispose();
  } finally {
    engine.destroy();
  }
}

/** `calm audit`: the axioms that the paper claims, and the sanity checks, measured on a checkpoint. */
export function auditCommand(): Command {
  const command = new Command('audit')
    .description(
      'measure completeness, implementation invariance and sensitivity of a model on images, ' +
        'and how its maps change when its weights become random from the top (Adebayo et al. 2018)',
    )
    .argument('<checkpoint>', 'a model that calm train saved, or other weights that calm explain takes')
    .requiredOption('--data <folder>', 'images, in any layout that calm train takes')
    .addOption(new Option('--dataset <kind>', 'its kind').choices(['auto', ...DATASET_KINDS]).default('auto'))
    .option(
      '--metadata <folder>',
      "the lists of the splits (default: metadata in the data folder or beside it, else CUB's own split)",
    )
    .option('--only-present', 'CUB: leave out images that are not on disk, and classes without any')
    .addOption(new Option('--split <split>', 'of the data').choices(['train', 'val', 'test']).default('test'))
    .option('--images <count>', 'how many, the first of the split', wholeNumber(1), 20)
    .option(
      '--method <names>',
      `whose maps to randomise, names between commas (default: those the head has of ${DEFAULT_METHODS.join(', ')})`,
      choices(METHOD_NAMES),
    )
    .option(
      '--samples <count>',
      'noisy copies, and points of a path, of methods that sample',
      wholeNumber(1),
      8,
    )
    .option('--seed <number>', 'of random weights, noise and locations', wholeNumber(0), 0)
    .option('--json <file>', 'write all numbers there')
    .option(
      '--size <pixels>',
      "side of the images (default: the checkpoint's crop, else 224)",
      wholeNumber(1),
    )
    .option('--adapter <name>', "'auto', 'system', 'swiftshader', or a part of an adapter's name");
  return addWeightsOptions(command).action(audit);
}
