/** The public API of calm-webgpu: everything a page or a program may import, and nothing else. */

export { createEngine } from './runtime/create_engine.ts';
export type { EngineOptions } from './runtime/create_engine.ts';
export type { Capabilities, Engine, Launch } from './runtime/engine.ts';
export {
  ArgumentError,
  CalmError,
  DeviceLostError,
  DisposedError,
  GpuError,
  UnsupportedError,
} from './runtime/errors.ts';
export type { KernelModule } from './runtime/kernel.ts';
export type { AdapterDescription } from './runtime/open.ts';
export { ParameterStore } from './runtime/parameters.ts';
export type { ParameterSpecification } from './runtime/parameters.ts';
export type { Profile, ProfileRow } from './runtime/profile.ts';
export type { Shape } from './runtime/shape.ts';
export type { Tape } from './runtime/tape.ts';
export type { DType, HostArray, Tensor } from './runtime/tensor.ts';

export { startTape } from './kernels/tape.ts';
