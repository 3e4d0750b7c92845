/** Measures one model by all its methods, each metric once for all runs: what a result store knows is not measured again. */
import type { CueLocalisationResult } from '../../src/eval/cue_localisation.ts';
import type { EvaluationData } from './data.ts';
import type { EvaluationSettings, Metric } from './settings.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { MethodOutcome, ModelOutcome } from '../../src/report/outcome.ts';
import type { MethodPlan, MethodMeasurement } from './measure.ts';
import type { Model } from '../../src/model/model.ts';
import type { ClassificationMetrics } from '../../src/eval/classification.ts';
import type { ObjectLocalisationResult } from '../../src/eval/object_localisation.ts';
import type { RandomErasing } from '../../src/eval/remove_and_classify.ts';
import type { ResultStore } from './result_store.ts';
import type { SharpnessResult } from '../../src/eval/sharpness.ts';
import { attributionMethod, methodFileName } from '../../src/attribution/methods.ts';
import { keyOf } from './result_store.ts';
import { measureMethods, measureModel } from './measure.ts';
import { removalResult } from '../../src/eval/remove_and_classify.ts';

/** A model and what it is to be measured by. */
export interface ModelTask {
  readonly name: string;
  readonly file: string;
  readonly description: string;
  /** Of the checkpoint's content. */
  readonly hash: string;
  readonly methods: readonly MethodName[];
  readonly metrics: readonly Metric[];
}

type MapMetric = Exclude<Metric, 'classification'>;

/** Raised when what is measured changes, so that older results no longer count. */
const MEASUREMENT = 2;

/** What each metric depends on beside checkpoint and data. */
function settingsOf(metric: Metric, settings: EvaluationSettings): unknown {
  const {
    interval,
    thresholdType = null,
    normalisation,
    shares,
    fill,
    draws,
    seed,
    calibrationBins,
  } = settings;
  switch (metric) {
    case 'classification':
      return { calibrationBins };
    case 'cue':
      return { interval, thresholdType, normalisation };
    case 'remove':
      return { shares, fill, draws, seed };
    case 'wsol':
      return { interval };
    case 'sharpness':
      return {};
  }
}

/** Whether a metric can be had of a method on this data: maps that are the same for every class have no counterfactual. */
export function applies(metric: MapMetric, method: MethodName, data: EvaluationData): boolean {
  const { perClass, signed } = attributionMethod(method);
  // A counterfactual against one class has no second map to subtract.
  if (method === 'counterfactual') return false;
  if (metric === 'cue') return data.cue !== null && perClass;
  // Only what is nowhere negative is a distribution.
  if (metric === 'sharpness') return !signed;
  return metric === 'wsol' ? data.hasObjects : true;
}

/** Passes over the data, and images, that are still to be done. */
export interface Pass {
  readonly title: string;
  run(onImages: (images: number) => void): Promise<void>;
}

/** What a model's evaluation comes down to: passes to run, in their order, and then its outcome. */
export interface ModelEvaluation {
  readonly passes: readonly Pass[];
  outcome(): ModelOutcome;
}

/**
 * Looks up what is known, and plans the passes for what is not: one for the model, one for all maps of its head together, one for each
 * method that goes backward through the network.
 */
export async function planModel(
  loadModel: () => Promise<Model>,
  task: ModelTask,
  data: EvaluationData,
  settings: EvaluationSettings,
  store: ResultStore,
): Promise<ModelEvaluation> {
  const base = { measurement: MEASUREMENT, checkpoint: task.hash, data: data.identity };
  const keyFor = (metric: Metric, method: MethodName | null): string => {
    const { gradient, smoothing, superset } = settings;
    const own =
      method === null
        ? {}
        : {
            ...(attributionMethod(method).usesGradient ? { gradient, smoothing } : {}),
            ...(attributionMethod(method).needsSubset ? { superset } : {}),
          };
    return keyOf({ ...base, metric, method, settings: settingsOf(metric, settings), own });
  };
  const file = (metric: string, method: MethodName | null): string =>
    [task.name, ...(method === null ? [] : [methodFileName(method)]), metric].join('.');
  const known = new Map<string, unknown>();
  const lookUp = async (name: string, key: string): Promise<boolean> => {
    const found = await store.find(name, key);
    if (found !== null) known.set(name, found);
    return found !== null;
  };
  const keep = async (name: string, key: string, result: unknown): Promise<void> => {
    // As a later run will read it: what is not a number is null then.
    known.set(name, JSON.parse(JSON.stringify(result)));
    await store.keep(name, key, result);
  };

  const passes: Pass[] = [];
  const wanted = {
    classification:
      task.metrics.includes('classification') &&
      !(await lookUp(file('classification', null), keyFor('classification', null))),
    random: task.metrics.includes('remove') && !(await lookUp(file('random', null), keyFor('remove', null))),
  };
  if (wanted.classification || wanted.random) {
    passes.push({
      title: wanted.random ? 'classes and random erasing' : 'classes',
      run: async (onImages) => {
        const subject = { model: await loadModel(), file: task.file };
        const measured = await measureModel(subject, data, settings, wanted, onImages);
        if (measured.classification !== undefined)
          await keep(file('classification', null), keyFor('classification', null), measured.classification);
        if (measured.random !== undefined)
          await keep(file('random', null), keyFor('remove', null), measured.random);
      },
    });
  }

  const mapMetrics = task.metrics.filter((metric) => metric !== 'classification');
  const plans: MethodPlan[] = [];
  for (const method of task.methods) {
    const missing = new Set<MapMetric>();
    for (const metric of mapMetrics) {
      if (!applies(metric, method, data)) continue;
      if (!(await lookUp(file(metric, method), keyFor(metric, method)))) missing.add(metric);
    }
    if (missing.size > 0) plans.push({ method, metrics: missing });
  }
  const keepMethod = async (
    method: MethodName,
    { cue, wsol, right, sharpness }: MethodMeasurement,
  ): Promise<void> => {
    if (cue !== undefined) await keep(file('cue', method), keyFor('cue', method), cue);
    if (wsol !== undefined) await keep(file('wsol', method), keyFor('wsol', method), wsol);
    if (right !== undefined) await keep(file('remove', method), keyFor('remove', method), right);
    if (sharpness !== undefined)
      await keep(file('sharpness', method), keyFor('sharpness', method), sharpness);
  };
  const ofHead = plans.filter(({ method }) => !attributionMethod(method).usesGradient);
  const groups = [
    ...(ofHead.length > 0 ? [ofHead] : []),
    ...plans.filter((plan) => !ofHead.includes(plan)).map((plan) => [plan]),
  ];
  for (const group of groups) {
    passes.push({
      title: group.map(({ method }) => method).join(', '),
      run: async (onImages) => {
        const measured = await measureMethods(await loadModel(), data, settings, group, onImages);
        for (const [method, measurement] of measured) await keepMethod(method, measurement);
      },
    });
  }

  const get = (metric: string, method: MethodName | null): unknown => known.get(file(metric, method)) ?? null;
  // The key of a stored result says what it is: only this module writes them.
  const outcomeOf = (method: MethodName): MethodOutcome => {
    const right = get('remove', method) as readonly number[] | null;
    const random = get('random', null) as RandomErasing | null;
    return {
      method,
      cue: get('cue', method) as CueLocalisationResult | null,
      wsol: get('wsol', method) as ObjectLocalisationResult | null,
      removal: right === null || random === null ? null : removalResult(right, random),
      sharpness: get('sharpness', method) as SharpnessResult | null,
    };
  };
  return {
    passes,
    outcome: () => ({
      name: task.name,
      file: task.file,
      description: task.description,
      classification: get('classification', null) as ClassificationMetrics | null,
      methods: task.methods.map(outcomeOf),
    }),
  };
}
