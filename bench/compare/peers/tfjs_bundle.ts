/** TensorFlow.js as one ES module, and the part of its interface that is used here. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Shape } from '../../../src/runtime/shape.ts';

/** A tensor of TensorFlow.js, by its name there. */
export interface TfTensor {
  readonly shape: number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** A tensor that an optimiser changes. */
export interface TfVariable extends TfTensor {
  assign(value: TfTensor): void;
}

/** WebGPU's backend: what is recorded and not yet submitted, and its queue. */
export interface TfBackend {
  readonly commandEncoder: unknown;
  readonly queue: GPUQueue;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

type Containers = TfTensor | readonly Containers[] | { readonly [name: string]: Containers };
type Pad = number | 'same' | 'valid';

/** The functions used, as @tensorflow/tfjs-core 4.22 has them. */
export interface Tf {
  readonly version_core: string;
  readonly train: {
    momentum(
      learningRate: number,
      momentum: number,
    ): {
      minimize(loss: () => TfTensor, returnCost: true, variables: TfVariable[]): TfTensor;
      applyGradients(gradients: Record<string, TfTensor>): void;
      dispose(): void;
    };
  };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  backend(): TfBackend;
  engine(): {
    runKernel(name: string, inputs: Record<string, TfTensor>, attributes: Record<string, unknown>): TfTensor;
  };
  removeBackend(name: string): void;
  tidy<T extends Containers>(work: () => T): T;
  dispose(tensors: Containers): void;
  tensor(values: Float32Array | Int32Array, shape: Shape, dtype?: 'float32' | 'int32'): TfTensor;
  variable(value: TfTensor, trainable?: boolean, name?: string): TfVariable;
  grads(
    work: (...inputs: TfTensor[]) => TfTensor,
  ): (inputs: readonly TfTensor[], outputGradient?: TfTensor) => TfTensor[];
  valueAndGrads(
    work: (...inputs: TfTensor[]) => TfTensor,
  ): (inputs: readonly TfTensor[], outputGradient?: TfTensor) => { value: TfTensor; grads: TfTensor[] };
  customGrad(
    work: (input: TfTensor) => { value: TfTensor; gradFunc: (outputGradient: TfTensor) => TfTensor },
  ): (input: TfTensor) => TfTensor;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  conv2d(
    input: TfTensor,
    filter: TfTensor,
    stride: number,
    pad: Pad,
    format?: 'NHWC',
    dilation?: number,
    rounding?: 'floor',
  ): TfTensor;
  maxPool(input: TfTensor, size: number, stride: number, pad: number, rounding: 'floor'): TfTensor;
  moments(input: TfTensor, axes: readonly number[]): { mean: TfTensor; variance: TfTensor };
  batchNorm(
    input: TfTensor,
    mean: TfTensor,
    variance: TfTensor,
    offset: TfTensor,
    scale: TfTensor,
    epsilon: number,
  ): TfTensor;
  relu(input: TfTensor): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor | number): TfTensor;
  div(a: TfTensor, b: TfTensor): TfTensor;
  neg(input: TfTensor): TfTensor;
  log(input: TfTensor): TfTensor;
  clone(input: TfTensor): TfTensor;
  zerosLike(input: TfTensor): TfTensor;
  softmax(input: TfTensor): TfTensor;
  softplus(input: TfTensor): TfTensor;
  sum(input: TfTensor, axis: number | readonly number[], keepDimensions?: boolean): TfTensor;
  mean(input: TfTensor, axis?: number | readonly number[]): TfTensor;
  reshape(input: TfTensor, shape: Shape): TfTensor;
  oneHot(labels: TfTensor, depth: number): TfTensor;
  cast(input: TfTensor, dtype: 'float32'): TfTensor;
}

// The CommonJS build that Node would load registers no gradients, and the ES modules import each other without extensions.
const ENTRY = `
export * from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-backend-webgpu';
`;

/** Bundles TensorFlow.js and imports it. `navigator.gpu` must be there already: its backend registers itself only then. */
export async function importTf(): Promise<Tf> {
  const require = createRequire(import.meta.url);
  const resolveDir = dirname(require.resolve('../package.json'));
  // Rejects with the packages' names when they are not installed.
  require.resolve('@tensorflow/tfjs-core');
  const outfile = join(resolveDir, 'node_modules', '.cache', 'tfjs.mjs');
  await build({
    stdin: { contents: ENTRY, resolveDir, loader: 'js' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    logLevel: 'error',
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    outfile,
  });
  return (await import(pathToFileURL(outfile).href)) as Tf;
}
