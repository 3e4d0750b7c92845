// The main job (`npm start`): draws birdlets, trains CAM and CALM on them, measures who finds the cue, and writes a report.
import type { Contestant, JobSettings } from './start/settings.ts';
import type { Outcome } from './start/contest.ts';
import { calmContestant, CLASSES, CONTESTANTS, PICTURE_SIZE } from './start/settings.ts';
import { Command, InvalidArgumentError } from 'commander';
import { counted } from '../src/report/counted.ts';
import { barsAndLinesMeet, countingProgress, describeEpoch, formatDuration } from './progress.ts';
import { tellInterruption } from './training/interruption.ts';
import { createEngine } from '../src/runtime/create_engine.ts';
import { errorMessage } from './error_message.ts';
import { cubCueTask } from '../src/eval/cub_cues.node.ts';
import { join, resolve } from 'node:path';
import { makeGallery } from './start/gallery.ts';
import { makeOutFolder } from './out_folder.ts';
import { openCub, readCubAnnotations } from '../src/data/cub.node.ts';
import { posteriorSource, wholeNumber } from './options.ts';
import { modelFile, openSplits, runContestant } from './start/contest.ts';
import { readFileSync } from 'node:fs';
import { reportData, resultTable, verdict, writeMaps } from './start/output.ts';
import { writeBirdlets } from '../src/data/birdlets/write.node.ts';
import { shellWord } from './shell_word.ts';
import { writeFile } from 'node:fs/promises';
import { writeReport } from '../src/report/report.node.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** `cam`, `calm-ml` or `calm-em`, the latter with `:ema:0.9` or `:refresh:30` after it. */
function contestant(name: string): readonly Contestant[] {
  if (name === 'cam') return CONTESTANTS.slice(0, 1);
  if (name === 'calm-ml') return [calmContestant('ml')];
  const found = /^calm-em(?::(.+))?$/.exec(name);
  if (found === null)
    throw new InvalidArgumentError(
      `Wanted cam, calm-ml, calm-em, calm-em:ema:MOMENTUM or calm-em:refresh:STEPS between commas, got '${name}'.`,
    );
  const [, posterior = 'current'] = found;
  return [calmContestant(posteriorSource(posterior))];
}

/** Parses contestants between commas. */
function contestants(text: string): readonly Contestant[] {
  const found = new Map<string, Contestant>();
  for (const part of text.split(',')) {
    for (const model of contestant(part)) {
      if (found.has(model.name))
        throw new InvalidArgumentError(
          `Wanted every model once, got '${part}', which is ${model.name}, again.`,
        );
      found.set(model.name, model);
    }
  }
  return [...found.values()];
}

async function run(settings: JobSettings): Promise<void> {
  const start = performance.now();
  const engine = await createEngine({ adapter: settings.adapter });
  try {
    for (const note of engine.notes) console.log(note);
    const { data, seed, train, val, test, models = CONTESTANTS } = settings;
    const drawing = countingProgress('Drawing birdlets');
    const drawn = await writeBirdlets(data, {
      seed,
      train,
      val,
      test,
      size: PICTURE_SIZE,
      classes: CLASSES,
      onProgress: drawing,
    });
    console.log(
      `${drawn.generated ? 'Drew' : 'Found'} ${train + val + test} birdlets of ${CLASSES} species in ${data}`,
    );

    const sets = {
      train: await openCub({ folder: data, split: 'train' }),
      val: await openCub({ folder: data, split: 'val' }),
      test: await openCub({ folder: data, split: 'test' }),
    };
    const task = cubCueTask(sets.test, await readCubAnnotations(data), {
      masks: 'exact',
      size: PICTURE_SIZE,
    });
    const labelOfClass = new Map(sets.test.classIds.map((id, label) => [id, label]));
    const splits = openSplits(sets, settings);

    const out = resolve(settings.out);
    await makeOutFolder(out);
    const outcomes: Outcome[] = [];
    const cues = { task, labelOfClass, classNames: sets.train.classNames };
    tellInterruption(
      () =>
        `${counted(outcomes.length, 'model')} of ${models.length} trained and measured, saved in ${out}; npm start trains all of them anew`,
    );
    for (const contestant of models) {
      const outcome = await runContestant(engine, contestant, splits, cues, settings);
      const last = outcome.history.at(-1);
      if (last !== undefined && barsAndLinesMeet())
        console.log(describeEpoch(contestant.name.padEnd(12), settings.epochs, last));
      outcomes.push(outcome);
    }

    const gallery = await makeGallery(sets.test, task, labelOfClass, outcomes);
    await writeMaps(join(out, 'maps'), gallery, outcomes);
    const seconds = (performance.now() - start) / 1000;
    await writeReport(
      join(out, 'report.html'),
      reportData(outcomes, gallery, { engine, settings, seconds, version }),
    );
    const results = outcomes.map(
      ({ contestant, history, classification, cue, trainingSeconds, evaluationSeconds }) => ({
        model: contestant.name,
        history: history.map(({ validation, ...epoch }) => ({
          ...epoch,
          validationAccuracy: validation?.accuracy ?? null,
        })),
        classification,
        cue,
        trainingSeconds,
        evaluationSeconds,
      }),
    );
    await writeFile(
      join(out, 'results.json'),
      `${JSON.stringify({ version, adapter: engine.adapter, settings, seconds, results }, null, 2)}\n`,
    );

    console.log(
      `\nCue localisation by number of differing parts (pixel-wise AP, %), on ${test} test pictures:\n`,
    );
    console.log(resultTable(outcomes));
    console.log(`\n${verdict(outcomes)}`);
    console.log(`\n${formatDuration(seconds)} in all. Report: ${join(out, 'report.html')}`);
    console.log(`Maps as PNG: ${join(out, 'maps')}`);
    const calm = models.find(({ head }) => head !== 'cam');
    if (calm !== undefined)
      console.log(
        `Models too: npx calm explain ${shellWord(sets.test.path(0))} --checkpoint ${shellWord(modelFile(settings.out, calm))}`,
      );
  } finally {
    engine.destroy();
  }
}

const program = new Command('npm start --')
  .description('Draws birdlets, trains CAM and CALM on them, and reports which of them finds the cue.')
  .option('--out <folder>', 'where report, maps and results go', 'runs/birdlets')
  .option('--data <folder>', 'where the pictures are kept and found again', 'birdlets')
  .option('--adapter <name>', "'auto', 'system', 'swiftshader', or a part of an adapter's name")
  .option(
    '--models <names>',
    'between commas: cam, calm-ml, calm-em, calm-em:ema:MOMENTUM, calm-em:refresh:STEPS (default: cam,calm-em and a slow one)',
    contestants,
  )
  .option('--seed <number>', 'of pictures, initial weights and order', wholeNumber(1), 1)
  .option('--epochs <number>', 'for each model', wholeNumber(1), 10)
  .option('--batch <number>', 'images in a training step', wholeNumber(1), 32)
  .option('--train <number>', 'training pictures', wholeNumber(1), 960)
  .option('--val <number>', 'validation pictures', wholeNumber(1), 120)
  .option('--test <number>', 'test pictures', wholeNumber(1), 300);

try {
  await run(program.parse().opts<JobSettings>());
} catch (error) {
  const message = errorMessage(error);
  console.error(message === null ? error : `calm: ${message}`);
  process.exitCode = 1;
}
