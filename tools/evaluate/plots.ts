/** The curves of an evaluation. */
import type { MethodOutcome, ModelOutcome } from '../../src/report/outcome.ts';
import type { Plot, PlotSeries } from '../../src/report/plot.ts';
import { counted } from '../../src/report/counted.ts';
import { CURVE_RECALLS } from '../../src/eval/cue_localisation.ts';
import { scoreThresholds } from '../../src/eval/pixel_average_precision.ts';
import { seriesLook } from '../../src/report/plot.ts';

type Points = readonly (readonly [number, number])[];

/** One series for each method of each model of which there are points; a method looks the same in all plots. */
function seriesOf(
  models: readonly ModelOutcome[],
  pointsOf: (outcome: MethodOutcome, model: ModelOutcome) => Points | null | undefined,
): PlotSeries[] {
  return models
    .flatMap((model) => model.methods.map((outcome) => ({ model, outcome })))
    .flatMap(({ model, outcome }, number) => {
      const points = pointsOf(outcome, model);
      if (points === null || points === undefined || points.length === 0) return [];
      return [{ name: `${model.name} ${outcome.method}`, ...seriesLook(number), points }];
    });
}

/** JSON has no NaN: a stored curve may hold null. */
const curve = (values: readonly (number | null)[] | undefined): Points =>
  CURVE_RECALLS.map((recall, i) => [recall, values?.[i] ?? Number.NaN] as const);

/** All plots that the outcomes have data for; `interval` is the distance of box thresholds. */
export function plotsOf(models: readonly ModelOutcome[], interval: number): Plot[] {
  const counts = [
    ...new Set(
      models.flatMap(({ methods }) =>
        methods.flatMap(({ cue }) => cue?.byDifferingParts.map(({ differingParts }) => differingParts) ?? []),
      ),
    ),
  ].toSorted((a, b) => a - b);
  const cuePlot = (title: string, read: (outcome: MethodOutcome) => Points | null): Plot => ({
    title,
    xLabel: 'recall %',
    yLabel: 'precision %',
    note: 'Pixels ranked by |s_A \u2212 s_B| against the parts that differ; mean over the pairs.',
    series: seriesOf(models, read),
  });
  const thresholds = scoreThresholds('even', interval);
  // A curve of a thousand thresholds shows no more than one of a hundred.
  const step = Math.max(1, Math.round(thresholds.length / 100));
  const boxPoints = (values: readonly number[] | undefined): Points =>
    (values ?? []).flatMap((value, i) =>
      i % step === 0 ? [[100 * (thresholds[i] ?? 0), value] as const] : [],
    );
  const plots: Plot[] = [
    cuePlot('Cue localisation, all pairs', ({ cue }) => (cue === null ? null : curve(cue.precisions))),
    ...counts.map((count) =>
      cuePlot(`Cue localisation, ${counted(count, 'differing part')}`, ({ cue }) => {
        const row = cue?.byDifferingParts.find(({ differingParts }) => differingParts === count);
        return row === undefined ? null : curve(row.precisions);
      }),
    ),
    {
      title: 'Remove and classify',
      xLabel: 'erased pixels %',
      yLabel: 'relative accuracy %',
      note: 'Accuracy with the highest-scored pixels erased over that with as many erased at random: the lower, the better the map.',
      series: seriesOf(models, ({ removal }) =>
        removal?.points.map(
          ({ share, relativeAccuracy }) => [100 * share, relativeAccuracy ?? Number.NaN] as const,
        ),
      ),
    },
    {
      title: 'Boxes (all contours, overlap 0.5)',
      xLabel: 'threshold, % of the maximum',
      yLabel: 'right images %',
      note: 'Share of images of which a box overlaps the true one by a half, at every threshold; its peak counts.',
      series: seriesOf(models, ({ wsol }) =>
        boxPoints(wsol?.boxes?.all.find(({ overlap }) => overlap === 0.5)?.curve),
      ),
    },
    {
      title: 'Pixels of the object',
      xLabel: 'recall %',
      yLabel: 'precision %',
      note: 'Pixels ranked by the map of the true class against the mask of the object; its area is PxAP.',
      series: seriesOf(models, ({ wsol }) =>
        wsol?.pixels === null || wsol?.pixels === undefined ? null : curve(wsol.pixels.precisions),
      ),
    },
  ];
  return plots.filter(({ series }) => series.length > 0);
}
