/**
 * The parts of the peers' interfaces that are used here, so that this folder is checked without them being installed. They stand
 * in for the packages' own types.
 */
declare module '@jax-js/jax' {
  /** Every operation consumes its arguments; `ref` is another reference to the same array. */
  export interface JaxArray {
    readonly ref: JaxArray;
    readonly shape: number[];
    add(other: JaxArray | number): JaxArray;
    sub(other: JaxArray | number): JaxArray;
    mul(other: JaxArray | number): JaxArray;
    div(other: JaxArray | number): JaxArray;
    sum(axis?: number | number[], options?: { keepdims?: boolean }): JaxArray;
    reshape(shape: readonly number[]): JaxArray;
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  type Axis = number | number[];
  type Pair = [number, number];
  export function init(...devices: 'webgpu'[]): Promise<string[]>;
  export function defaultDevice(device: 'webgpu'): void;
  export function blockUntilReady(arrays: readonly JaxArray[]): Promise<unknown>;
  export function jit(
    work: (...inputs: JaxArray[]) => JaxArray[],
  ): ((...inputs: JaxArray[]) => JaxArray[]) & { dispose(): void };
  export function vjp(
    work: (...inputs: JaxArray[]) => JaxArray,
    inputs: JaxArray[],
  ): [JaxArray, ((outputGradient: JaxArray) => JaxArray[]) & { dispose(): void }];
  export const numpy: {
    array(values: Float32Array, options: { shape: number[] }): JaxArray;
    ones(shape: readonly number[]): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    mean(input: JaxArray, axis: Axis, options?: { keepdims?: boolean }): JaxArray;
    sum(input: JaxArray, axis: Axis, options?: { keepdims?: boolean }): JaxArray;
    max(input: JaxArray): JaxArray;
    sqrt(input: JaxArray): JaxArray;
    log(input: JaxArray): JaxArray;
    pad(input: JaxArray, widths: Pair[]): JaxArray;
    where(condition: JaxArray, yes: JaxArray | number, no: JaxArray | number): JaxArray;
    greater(a: JaxArray, b: JaxArray | number): JaxArray;
  };
  export const lax: {
    convGeneralDilated(input: JaxArray, filter: JaxArray, strides: number[], padding: Pair[]): JaxArray;
    reduceWindow(
      input: JaxArray,
      reduce: (window: JaxArray) => JaxArray,
      size: number[],
      strides: number[],
    ): JaxArray;
    stopGradient(input: JaxArray): JaxArray;
  };
  export const nn: {
    relu(input: JaxArray): JaxArray;
    softmax(input: JaxArray, axis: number): JaxArray;
    softplus(input: JaxArray): JaxArray;
  };
}

declare module 'onnxruntime-node' {
  export { InferenceSession, Tensor, env } from 'onnxruntime-common';
}

declare module 'onnxruntime-web/wasm' {
  export { InferenceSession, Tensor, env } from 'onnxruntime-common';
}

declare module 'onnxruntime-common' {
  export class Tensor {
    constructor(type: 'float32', data: Float32Array, dims: readonly number[]);
    readonly data: Float32Array;
    readonly dims: readonly number[];
    dispose(): void;
  }
  export interface SessionOptions {
    executionProviders: string[];
    graphOptimizationLevel?: 'all';
    intraOpNumThreads?: number;
    interOpNumThreads?: number;
  }
  export class InferenceSession {
    static create(model: Uint8Array, options: SessionOptions): Promise<InferenceSession>;
    run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
    release(): Promise<void>;
  }
  export const env: {
    wasm: { numThreads?: number };
    readonly versions: { common: string; node?: string; web?: string };
  };
}
