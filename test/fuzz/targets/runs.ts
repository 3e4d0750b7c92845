/** What a folder of runs holds: option files, the records and logs of runs, stored results. */
import type { Target } from '../target.ts';
import { ArgumentError } from '../../../src/runtime/errors.ts';
import { applyValues, presentValues, readValues } from '../../../tools/training/config_file.ts';
import { completeOptions, configurationOf } from '../../../tools/training/train_options.ts';
import { join } from 'node:path';
import { mutateJsonText } from '../json.ts';
import { mutateLines } from '../lines.ts';
import { readFile } from 'node:fs/promises';
import { ResultStore } from '../../../tools/evaluate/result_store.ts';
import { RunFolder } from '../../../tools/training/run_folder.ts';
import { scratchFolder } from '../scratch.ts';
import { trainCommand } from '../../../tools/commands/train.ts';
import { writeFileSync } from 'node:fs';

/** Options and results are a few objects each; making the command itself takes some hundred kilobytes. */
const allocation = { multiple: 500, slack: 1 << 23 };

/** Made when first needed, by the thread that needs it. */
function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

const folder = lazily(() => scratchFolder('run'));

function parsedCommand(): ReturnType<typeof trainCommand> {
  const command = trainCommand().action(() => undefined);
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  return command.parse([], { from: 'user' });
}

const OPTIONS = {
  data: '/data/CUB',
  layers: [1, 1],
  widths: [4, 8],
  posterior: 'ema:0.9',
  schedule: 'step:30:0.1',
};
const allOptions = lazily(() => {
  const command = parsedCommand();
  applyValues(
    command,
    { ...OPTIONS, architecture: 'resnet18', freeze: ['conv1'], 'small-stem': true },
    'options',
  );
  completeOptions(command);
  return presentValues(command, ['out']);
});

/** What `--config` and `--resume` do with options. */
function takeOptions(values: Parameters<typeof applyValues>[1], origin: string): void {
  const command = parsedCommand();
  applyValues(command, values, origin);
  completeOptions(command);
  configurationOf(command.opts());
  presentValues(command, ['out']);
}

const configFiles: Target = {
  name: 'files of options',
  // Options that fit each by itself are told by their own names when they do not fit together.
  named: /options\.json|^(createModel|calm train|--[a-z-]+)\b/,
  allocation,
  inputs: 400,
  attempt(random) {
    const bytes = mutateJsonText(random(3) === 0 ? { options: allOptions() } : allOptions(), random);
    const path = join(folder(), 'options.json');
    writeFileSync(path, bytes);
    return { size: bytes.length, run: async () => takeOptions(await readValues(path), path) };
  },
};

const RECORD = {
  resolvedModel: { architecture: 'resnet18' },
  classNames: ['a', 'b'],
  trainImages: 12,
  evaluated: { split: 'val', images: 4 },
  sessions: [
    {
      started: '2026-01-01T00:00:00.000Z',
      firstEpoch: 1,
      steps: 0,
      learningRate: 0.01,
      images: { count: 12, sha256: '00' },
      adapter: { name: 'llvmpipe', driver: 'Mesa', software: true },
      versions: { calm: '0.1.0' },
    },
  ],
};

const runRecords: Target = {
  name: 'records of runs',
  named: /configuration\.json|^(createModel|calm train|--[a-z-]+)\b/,
  allocation,
  inputs: 400,
  attempt(random) {
    const run = new RunFolder(folder());
    writeFileSync(run.last, '');
    const bytes = mutateJsonText({ options: allOptions(), ...RECORD }, random);
    writeFileSync(join(run.path, 'configuration.json'), bytes);
    return {
      size: bytes.length,
      async run() {
        const { options, sessions } = await run.record();
        for (const { adapter, versions, learningRate = 0, images } of sessions)
          String([adapter.name, adapter.driver, versions['calm'], learningRate, images?.sha256]);
        takeOptions(options, '--resume');
      },
    };
  },
};

const LOG = [
  { kind: 'session', steps: 0 },
  ...Array.from({ length: 6 }, (_, step) => ({ kind: 'step', epoch: 1, step: step + 1, loss: 1.5 })),
  { kind: 'epoch', epoch: 1, loss: 1.4 },
  { kind: 'evaluation', epoch: 1, accuracy: 0.5 },
]
  .map((line) => JSON.stringify(line))
  .join('\n');

const runLogs: Target = {
  name: 'logs of runs',
  named: /log\.jsonl/,
  allocation,
  inputs: 1000,
  attempt(random) {
    const run = new RunFolder(folder());
    const text = mutateLines(LOG, ',', random);
    writeFileSync(run.log, text);
    return {
      size: text.length,
      async run() {
        await run.rewind({ epochsDone: 1, progress: { epoch: 2, step: 1 }, judged: 1 });
        const kept = (await readFile(run.log, 'utf8')).split('\n').slice(0, -1);
        for (const line of kept) JSON.parse(line);
        if (kept.length < LOG.split('\n').length) throw new ArgumentError('log.jsonl: lines were left out');
      },
    };
  },
};

const RESULT = { accuracy: 0.5, curve: [1, 2, 3], classes: { a: 1, b: 0.25 } };

const results: Target = {
  name: 'stored results',
  named: /results/,
  allocation,
  inputs: 1000,
  attempt(random) {
    const store = new ResultStore(join(folder(), 'results'));
    let size = 0;
    return {
      get size() {
        return size;
      },
      async run() {
        await store.keep('model.cue', 'key', RESULT);
        const path = join(store.folder, 'model.cue.json');
        const stored: unknown = JSON.parse(await readFile(path, 'utf8'));
        const bytes = mutateJsonText(stored, random);
        size = bytes.length;
        writeFileSync(path, bytes);
        const found = await store.find('model.cue', 'key');
        // What is found is what was kept: anything else is measured again.
        if (found !== null && JSON.stringify(found) !== JSON.stringify(RESULT))
          throw new Error(`a damaged result is taken: ${JSON.stringify(found).slice(0, 200)}`);
        if (found === null) throw new ArgumentError('results: none found');
      },
    };
  },
};

export const runTargets: readonly Target[] = [configFiles, runRecords, runLogs, results];
