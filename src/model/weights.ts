import type { BatchNorm2dLayer, Layer } from './layers.ts';
import type { Engine } from '../runtime/engine.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { PARAMETER_BLOCK, ParameterStore } from '../runtime/parameters.ts';
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

/** The statistics of all layers in one flat tensor, mean and variance of a layer behind one another, so that all are copied in one go. */
interface FlatStatistics {
  readonly values: Tensor;
  readonly map: StatisticsMap;
}

function makeStatistics(
  engine: Engine,
  layers: readonly BatchNorm2dLayer[],
  isFrozen: (name: string) => boolean,
): FlatStatistics {
  const blocks = (channels: number): number => Math.ceil(channels / PARAMETER_BLOCK) * PARAMETER_BLOCK;
  const total = layers.reduce((sum, { channels }) => sum + 2 * blocks(channels), 0);
  const start = new Float32Array(Math.max(total, PARAMETER_BLOCK));
  const values = engine.empty([start.length]);
  let offset = 0;
  const entries = layers.map(({ name, channels }) => {
    const mean = values.slice(offset, [channels]);
    const variance = values.slice(offset + blocks(channels), [channels]);
    start.fill(1, offset + blocks(channels), offset + blocks(channels) + channels);
    offset += 2 * blocks(channels);
    return [name, { mean, variance, batches: 0, frozen: isFrozen(name) }] as const;
  });
  engine.write(values, start);
  return { values, map: new Map(entries) };
}

function statisticsOf(statistics: StatisticsMap, name: string): RunningStatistics {
  const found = statistics.get(name);
  if (found === undefined) throw new ArgumentError(`weights: no batch normalisation is called ${name}`);
  return found;
}

/** The weights that training changes: parameters with room for gradients, and running statistics. */
export class ModelWeights implements Weights {
  readonly parameters: ParameterStore;
  readonly statistics: StatisticsMap;
  /** The running statistics of all layers, flat. */
  readonly statisticsValues: Tensor;
  /** Counts training steps and loads: whoever goes through the network several times can see that they changed in between. */
  changes = 0;
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
    const { values, map } = makeStatistics(engine, normalisations, isFrozen);
    this.statistics = map;
    this.statisticsValues = values;
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
    this.statisticsValues.dispose();
  }
}

/** A copy of a model's weights: no gradients, so half the memory. */
export class WeightsCopy implements Weights {
  /** All values, laid out as the parameter store's. */
  readonly values: Tensor;
  readonly statistics: StatisticsMap;
  /** As `ModelWeights.statisticsValues`. */
  readonly statisticsValues: Tensor;
  readonly #engine: Engine;
  readonly #views = new Map<string, Tensor>();

  constructor(engine: Engine, layers: readonly Layer[], source: ModelWeights) {
    this.#engine = engine;
    this.values = engine.empty(source.parameters.values.shape);
    for (const { name, value, offset } of source.parameters.entries)
      this.#views.set(name, this.values.slice(offset, value.shape));
    const normalisations = layers.filter((layer) => layer.kind === 'batchNorm2d');
    const { values, map } = makeStatistics(engine, normalisations, (name) => source.running(name).frozen);
    this.statistics = map;
    this.statisticsValues = values;
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
    this.#engine.copy(source.statisticsValues, this.statisticsValues);
    for (const [name, target] of this.statistics) target.batches = source.running(name).batches;
  }

  dispose(): void {
    for (const view of this.#views.values()) view.dispose();
    this.values.dispose();
    this.statisticsValues.dispose();
  }
}
