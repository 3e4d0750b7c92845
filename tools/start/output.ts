import type { CueExample } from './gallery.ts';
import type { GalleryEntry, ReportData } from '../../src/report/report_data.ts';
import type { JobSettings } from './settings.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Outcome } from './contest.ts';
import { contactSheet } from '../../src/report/sheet.ts';
import { counted } from '../../src/report/counted.ts';
import { encodePng } from '../../src/data/png/png.node.ts';
import { formatDuration } from '../progress.ts';
import { join } from 'node:path';
import { maskOverlay, overlay } from '../../src/report/overlay.ts';
import { mkdir, writeFile } from 'node:fs/promises';
import { CLASSES } from './settings.ts';

const number = (value: number | undefined, digits = 1): string =>
  value === undefined || Number.isNaN(value) ? '-' : value.toFixed(digits);

/** The paper's table 1, with table 2's accuracy beside it, as text. */
export function resultTable(outcomes: readonly Outcome[]): string {
  const header = ['', 'accuracy %', 'NLL', ...[1, 2, 3].map((parts) => counted(parts, 'part')), 'mPxAP %'];
  const rows = outcomes.map(({ contestant, classification, cue }) => [
    contestant.name,
    number(classification.top1),
    number(classification.negativeLogLikelihood, 3),
    ...[1, 2, 3].map((parts) =>
      number(
        cue.byDifferingParts.find(({ differingParts }) => differingParts === parts)?.meanAveragePrecision,
      ),
    ),
    number(cue.meanAveragePrecision),
  ]);
  const chance = ['(no knowledge)', number(100 / CLASSES), '', '', '', '', number(outcomes[0]?.cue.chance)];
  const table = [header, ...rows, chance];
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('   '),
    )
    .join('\n');
}

/** Whether CALM with the current posterior localises cues better than CAM, in words and figures. */
export function verdict(outcomes: readonly Outcome[]): string {
  const [cam, calm] = ['CAM', 'CALM-EM'].map((name) =>
    outcomes.find(({ contestant }) => contestant.name === name),
  );
  if (cam === undefined || calm === undefined) return '';
  const [camScore, calmScore] = [cam.cue.meanAveragePrecision, calm.cue.meanAveragePrecision];
  const figures = `mPxAP ${number(calmScore)} % against ${number(camScore)} %`;
  if (calmScore > camScore) return `CALM-EM points at the differing parts better than CAM: ${figures}.`;
  return `In this run CALM-EM does not point at the differing parts better than CAM: ${figures}.`;
}

/** Writes the gallery as PNG files: a sheet of all examples, one of the first for each number of differing parts, and every map by itself. */
export async function writeMaps(
  folder: string,
  gallery: readonly CueExample[],
  outcomes: readonly Outcome[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files: Promise<void>[] = [];
  const rows = gallery.map(({ image, mask, caption, maps }, place) => {
    const example = String(place + 1).padStart(2, '0');
    const masked = mask === null ? image : maskOverlay(image, mask);
    files.push(writeFile(join(folder, `${example}_image.png`), encodePng(image)));
    files.push(writeFile(join(folder, `${example}_mask.png`), encodePng(masked)));
    const overlays = maps.map(({ model, kind, map, colouring }) => {
      const picture = overlay(image, map, colouring ?? {});
      const name = `${example}_${model}_${kind === 'counterfactual' ? kind : 'own_class'}`.replaceAll(
        ' ',
        '-',
      );
      files.push(writeFile(join(folder, `${name}.png`), encodePng(picture)));
      return { kind, picture };
    });
    return {
      caption,
      cells: [
        image,
        masked,
        ...overlays.filter(({ kind }) => kind === 'counterfactual').map(({ picture }) => picture),
      ],
    };
  });
  await Promise.all(files);
  if (rows.length === 0) return;
  const columns = ['image', 'differing parts', ...outcomes.map(({ contestant }) => contestant.name)];
  const legend = {
    colourMap: 'diverging',
    first: 'for the other species',
    last: 'for this species',
  } as const;
  const counts = gallery.map(({ differingParts }) => differingParts);
  const firsts = rows.filter((_, place) => counts.indexOf(counts[place] ?? 0) === place);
  await writeFile(join(folder, 'sheet.png'), encodePng(contactSheet({ columns, rows, legend })));
  await writeFile(
    join(folder, 'short_sheet.png'),
    encodePng(contactSheet({ columns, rows: firsts, legend })),
  );
}

/** The report's data from what came out. */
export function reportData(
  outcomes: readonly Outcome[],
  gallery: readonly GalleryEntry[],
  context: {
    readonly engine: Engine;
    readonly settings: JobSettings;
    readonly seconds: number;
    readonly version: string;
  },
): ReportData {
  const { engine, settings, seconds, version } = context;
  const { adapter } = engine;
  return {
    title: 'Where did it see the cue? CAM and CALM on birdlets',
    summary: [
      `Each model is a small ResNet trained from scratch on ${settings.train} drawn birds of ${CLASSES} species; everything but the head and its loss is the same. ` +
        'For every two species that differ in one to three parts, the map of one minus the map of the other should point at those parts. ' +
        'mPxAP is the mean over pairs of the pixel-wise average precision against the exact masks of the differing parts, on test pictures.',
      verdict(outcomes),
      'CALM-EM with the current posterior has the gradient of CALM-ML, so the two train alike and only one is shown; ' +
        '"slow" takes the posterior from a slow copy of the parameters, which is genuine EM.',
    ],
    models: outcomes.map(({ contestant, history, classification, cue, trainingSeconds }) => ({
      name: contestant.name,
      description: contestant.description,
      history: history.map((epoch) => ({
        epoch: epoch.epoch,
        loss: epoch.loss,
        accuracy: 100 * epoch.accuracy,
        validationLoss: epoch.validation?.negativeLogLikelihood ?? null,
        validationAccuracy: epoch.validation === undefined ? null : 100 * epoch.validation.accuracy,
        seconds: epoch.seconds,
      })),
      accuracy: classification.top1,
      negativeLogLikelihood: classification.negativeLogLikelihood,
      expectedCalibrationError: classification.expectedCalibrationError,
      cue,
      seconds: trainingSeconds,
    })),
    gallery,
    provenance: [
      {
        label: 'Adapter',
        value: `${adapter.name} (${adapter.source}${adapter.software ? ', software' : ''}; ${adapter.driver})`,
      },
      { label: 'calm-webgpu', value: version },
      { label: 'Node', value: process.version },
      { label: 'Date', value: new Date().toISOString().slice(0, 10) },
      { label: 'Seed', value: String(settings.seed) },
      {
        label: 'Pictures',
        value: `${settings.train} to train on, ${settings.val} to validate, ${settings.test} to test`,
      },
      {
        label: 'Training',
        value: `${counted(settings.epochs, 'epoch')}, batch ${settings.batch}, SGD with Nesterov momentum, cosine schedule`,
      },
      { label: 'Time', value: formatDuration(seconds) },
    ],
  };
}
