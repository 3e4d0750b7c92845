import type { BatchNorm2dLayer, Layer } from './layers.ts';
import type { Engine } from '../runtime/engine.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { ParameterStore } from '../runtime/parameters.ts';
import { parametersOf } from './layers.ts';
import type { Tensor } from '../runtime/tensor.ts';

/** Running statistics of one batch normalisation: what PyTorch calls its buffers. */
export interface RunningStatistics {
  /** [C] */
  readonly mean: Tensor;
  /** [C], unbiased. */
  readonly variance: Tensor;
  /** Training batches seen: PyTorch's `num_batches_tracked`. */
  batches: number;
  /** Kept as they are in training. */
  readonly frozen: boolean;
}

/** All numbers of a network, by their PyTorch names. */
export interface Weights {
  /** The parameter of that name, e.g. `layer1.0.conv1.weight`. Throws ArgumentError when there is none. */
  parameter(name: string): Tensor;
  /** Statistics of the batch normalisation of that name, e.g. `layer1.0.bn1`. Throws ArgumentError when there are none. */
  running(name: string): RunningStatistics;
}

type StatisticsMap = ReadonlyMap<string, RunningStatistics>;

function makeStatistics(
  engine: Engine,
  layers: readonly BatchNorm2dLayer[],
  isFrozen: (name: string) => boolean,
): StatisticsMap {
  return new Map(
    layers.map(({ name, channels }) => {
      const ones = new Float32Array(channels).fill(1);
      const mean = engine.zeros([channels]);
      return [name, { mean, variance: engine.tensor(ones, [channels]), batches: 0, frozen: isFrozen(name) }];
    }),
  );
}

function statisticsOf(statistics: StatisticsMap, name: string): RunningStatistics {
  const found = statistics.get(name);
  if (found === undefined) throw new ArgumentError(`weights: no batch normalisation is called ${name}`);
  return found;
}

function disposeStatistics(statistics: StatisticsMap): void {
  for (const { mean, variance } of statistics.values()) {
    mean.dispose();
    variance.dispose();
  }
}

/** The weights that training changes: parameters with room for gradients, and running statistics. */
export class ModelWeights implements Weights {
  readonly parameters: ParameterStore;
  readonly statistics: StatisticsMap;
  readonly #engine: Engine;
  readonly #layers: readonly Layer[];

  /**
   * Parameters start undefined (zero), statistics at mean 0 and variance 1. `isFrozen` is asked for layers, `isTrained` for parameters.
   */
  constructor(
    engine: Engine,
    layers: readonly Layer[],
    {
      isFrozen,
      isTrained,
    }: { readonly isFrozen: (name: string) => boolean; readonly isTrained: (name: string) => boolean },
  ) {
    this.#engine = engine;
    this.#layers = layers;
    const specifications = layers
      .flatMap(parametersOf)
      .map((parameter) => ({ ...parameter, trainable: isTrained(parameter.name) }));
    this.parameters = new ParameterStore(engine, specifications);
    const normalisations = layers.filter((layer) => layer.kind === 'batchNorm2d');
    this.statistics = makeStatistics(engine, normalisations, isFrozen);
  }

  parameter(name: string): Tensor {
    return this.parameters.get(name);
  }

  running(name: string): RunningStatistics {
    return statisticsOf(this.statistics, name);
  }

  /** A copy of the present values, without gradients: theta' of an EM whose posterior lags behind. The caller disposes of it. */
  copy(): WeightsCopy {
    return new WeightsCopy(this.#engine, this.#layers, this);
  }

  dispose(): void {
    this.parameters.dispose();
    disposeStatistics(this.statistics);
  }
}

/** A copy of a model's weights: no gradients, so half the memory. */
export class WeightsCopy implements Weights {
  /** All values, laid out as the parameter store's. */
  readonly values: Tensor;
  readonly statistics: StatisticsMap;
  readonly #engine: Engine;
  readonly #views = new Map<string, Tensor>();

  constructor(engine: Engine, layers: readonly Layer[], source: ModelWeights) {
    this.#engine = engine;
    this.values = engine.empty(source.parameters.values.shape);
    for (const { name, value, offset } of source.parameters.entries)
      this.#views.set(name, this.values.slice(offset, value.shape));
    const normalisations = layers.filter((layer) => layer.kind === 'batchNorm2d');
    this.statistics = makeStatistics(engine, normalisations, (name) => source.running(name).frozen);
    this.assign(source);
  }

  parameter(name: string): Tensor {
    const view = this.#views.get(name);
    if (view === undefined) throw new ArgumentError(`weights: no parameter is called ${name}`);
    return view;
  }

  running(name: string): RunningStatistics {
    return statisticsOf(this.statistics, name);
  }

  /** Takes over the present values of the weights that were copied. */
  assign(source: ModelWeights): void {
    this.#engine.copy(source.parameters.values, this.values);
    for (const [name, target] of this.statistics) {
      const { mean, variance, batches } = source.running(name);
      this.#engine.copy(mean, target.mean);
      this.#engine.copy(variance, target.variance);
      target.batches = batches;
    }
  }

  dispose(): void {
    for (const view of this.#views.values()) view.dispose();
    this.values.dispose();
    disposeStatistics(this.statistics);
  }
}
