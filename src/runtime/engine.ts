import type { AdapterDescription, OpenedGpu } from './open.ts';
import type { AnyBuffers, Buffers, Constants, KernelModule, Params } from './kernel.ts';
import type { Grid } from './grid.ts';
import type { BoundRange } from './commands.ts';
import type { DType, HostArray } from './tensor.ts';
import type { PoolBuffer, PoolLedger } from './pool.ts';
import type { Profile, Work } from './profile.ts';
import type { Shape } from './shape.ts';
import { BufferPool } from './pool.ts';
import type { Capabilities } from './capabilities.ts';
import type { Capture } from './capture.ts';
import { capabilitiesOf } from './capabilities.ts';
import { captureCommands } from './capture.ts';
import { checkAliasing } from './aliasing.ts';
import { checkGrid, fold } from './grid.ts';
import { checkSizes, elementCount, formatShape } from './shape.ts';
import { CommandQueue } from './commands.ts';
import {
  ArgumentError,
  DeviceLostError,
  DisposedError,
  GpuError,
  reject,
  UnsupportedError,
} from './errors.ts';
import { dtypeOf } from './kernel.ts';
import { GUARD_BYTES, MemoryGuard } from './guard.ts';
import { packParams } from './uniforms.ts';
import { PipelineCache } from './pipelines.ts';
import { Tensor } from './tensor.ts';
import { TimestampRecorder } from './profile.ts';

/** One launch of a kernel. */
export interface Launch<M extends KernelModule> {
  readonly buffers: Buffers<M>;
  readonly params: Params<M>;
  /** A number is folded into x and y (see `fold`); three numbers are taken as they are. */
  readonly workgroups: number | Grid;
  readonly constants?: Constants<M>;
  /** Bytes and flops of this launch, for the profiler. */
  readonly work?: Work;
}

/** Kernels may read and write whole vec4s, so every tensor's room is a multiple of 16 bytes. */
const paddedBytes = (bytes: number): number => Math.ceil(bytes / 16) * 16;

const MAP_READ = 0x01;
const COPY_DESTINATION = 0x08;

/** A device with its memory, kernels and command queue. Make one with `createEngine()` of create_engine.ts. */
export class Engine {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  /** One line for people: which adapter is used and what would be faster. */
  readonly notes: readonly string[];
  readonly capabilities: Capabilities;
  readonly #opened: OpenedGpu | null;
  readonly #pool: BufferPool;
  readonly #pipelines: PipelineCache;
  readonly #commands: CommandQueue;
  readonly #guard: MemoryGuard | null;
  readonly #captures = new Set<Capture>();
  #failure: Error | null = null;
  #destroyed = false;

  constructor(
    device: GPUDevice,
    adapter: AdapterDescription,
    opened: OpenedGpu | null,
    guardMemory: boolean,
  ) {
    this.device = device;
    this.adapter = adapter;
    this.notes = opened?.notes ?? [];
    this.capabilities = capabilitiesOf(device, adapter);
    this.#opened = opened;
    this.#pool = new BufferPool(device);
    this.#pipelines = new PipelineCache(device);
    this.#commands = new CommandQueue(device);
    this.#guard = guardMemory ? new MemoryGuard() : null;
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      this.#failure ??= new GpuError(`WebGPU: ${event.error.message}`, { cause: event.error });
    });
    void this.#watchForLoss();
  }

  /** A tensor that the caller owns, with undefined content (the kernel that fills it must write every element). */
  empty<D extends DType = 'f32'>(
    shape: Shape,
    dtype?: D,
    options: { requiresGradient?: boolean } = {},
  ): Tensor<D> {
    this.#checkAlive('empty');
    checkSizes('empty', shape);
    const bytes = paddedBytes(elementCount(shape) * 4);
    const label = `tensor ${formatShape(shape)}`;
    const storage = this.#pool.acquire(this.#guard === null ? bytes : bytes + GUARD_BYTES, label);
    this.#guard?.protect(storage, bytes, (data) =>
      this.#commands.add({ kind: 'write', target: storage, offset: 0, data }),
    );
    return new Tensor((dtype ?? 'f32') as D, [...shape], storage, {
      ...options,
      release: (s) => this.#releaseStorage(s),
    });
  }

  /** A tensor that the caller owns, with the given values (copied at the call). */
  tensor(values: Float32Array, shape: Shape, options?: { requiresGradient?: boolean }): Tensor;
  tensor(values: Uint32Array, shape: Shape, options?: { requiresGradient?: boolean }): Tensor<'u32'>;
  tensor(values: Int32Array, shape: Shape, options?: { requiresGradient?: boolean }): Tensor<'i32'>;
  tensor(values: HostArray<DType>, shape: Shape, options?: { requiresGradient?: boolean }): Tensor<DType>;
  tensor(
    values: HostArray<DType>,
    shape: Shape,
    options: { requiresGradient?: boolean } = {},
  ): Tensor<DType> {
    this.#checkNotCapturing('tensor');
    checkSizes('tensor', shape);
    if (values.length !== elementCount(shape)) {
      reject(
        'tensor',
        'number of values',
        String(values.length),
        `${elementCount(shape)} for ${formatShape(shape)}`,
      );
    }
    const dtype: DType =
      values instanceof Float32Array ? 'f32' : values instanceof Uint32Array ? 'u32' : 'i32';
    const tensor = this.empty(shape, dtype, options);
    this.write(tensor, values);
    return tensor;
  }

  /** A tensor of zeros that the caller owns. */
  zeros<D extends DType = 'f32'>(
    shape: Shape,
    dtype?: D,
    options: { requiresGradient?: boolean } = {},
  ): Tensor<D> {
    const tensor = this.empty(shape, dtype, options);
    this.clear(tensor);
    return tensor;
  }

  /** Sets a tensor to zero, in order with the recorded work. */
  clear(tensor: Tensor<DType>): void {
    this.#checkAlive('clear');
    const target = this.#ownStorage('clear', 'tensor', tensor);
    this.#commands.add({ kind: 'clear', target, offset: tensor.byteOffset, size: tensor.byteLength });
  }

  /** Replaces a tensor's values, in order with the recorded work. The values are copied at the call. */
  write<D extends DType>(tensor: Tensor<D>, values: HostArray<D>): void {
    this.#checkAlive('write');
    this.#checkNotCapturing('write');
    if (values.length !== tensor.size) {
      reject(
        'write',
        'number of values',
        String(values.length),
        `${tensor.size} for ${formatShape(tensor.shape)}`,
      );
    }
    const data = values.slice();
    const storage = this.#ownStorage('write', 'tensor', tensor);
    this.#commands.add({ kind: 'write', target: storage, offset: tensor.byteOffset, data });
  }

  /**
   * Copies one tensor's values into another of the same size and type, in order with the recorded work. Throws ArgumentError when
   * they are views of one buffer.
   */
  copy<D extends DType>(source: Tensor<D>, target: Tensor<D>): void {
    this.#checkAlive('copy');
    if (source.size !== target.size)
      reject('copy', 'target', formatShape(target.shape), formatShape(source.shape));
    const from = this.#ownStorage('copy', 'source', source);
    const to = this.#ownStorage('copy', 'target', target);
    if (from === to)
      throw new ArgumentError('copy: source and target share a buffer, within which WebGPU does not copy');
    this.#commands.add({
      kind: 'copy',
      source: from,
      sourceOffset: source.byteOffset,
      target: to,
      targetOffset: target.byteOffset,
      size: source.byteLength,
    });
  }

  /** Records one launch of a kernel. It runs after everything recorded before it. */
  run<const M extends KernelModule>(kernel: M, launch: Launch<M>): void {
    this.#checkAlive(kernel.name);
    const buffers: AnyBuffers = launch.buffers;
    const ranges = Object.entries(kernel.bindings).map(([name, { index, element }]): BoundRange => {
      const tensor = buffers[name];
      if (tensor === undefined) throw new ArgumentError(`${kernel.name}: buffer ${name} is missing`);
      if (tensor.dtype !== dtypeOf(element))
        reject(kernel.name, `element type of ${name}`, tensor.dtype, element);
      const storage = this.#ownStorage(kernel.name, name, tensor);
      // vec4 bindings must be a multiple of 16 bytes long; the pool's buffers always have the room.
      const padded = paddedBytes(tensor.byteLength);
      const size = this.#guard?.isProtected(storage, padded) === true ? padded + GUARD_BYTES : padded;
      const limit = this.device.limits.maxStorageBufferBindingSize;
      if (size > limit) {
        throw new UnsupportedError(
          `${kernel.name}: ${name} ${formatShape(tensor.shape)} takes ${size} bytes, but the adapter binds at most ${limit}; ` +
            'use a smaller batch or image',
        );
      }
      return { index, storage, offset: tensor.byteOffset, size };
    });
    checkAliasing(kernel, ranges);
    const { workgroups } = launch;
    const grid = typeof workgroups === 'number' ? fold(workgroups) : workgroups;
    checkGrid(kernel.name, grid);
    this.#commands.add({
      kind: 'dispatch',
      pipeline: this.#pipelines.get(kernel, launch.constants),
      ranges,
      params: packParams(kernel, launch.params),
      grid,
      shapes: Object.values(buffers).map(({ shape }) => shape),
      work: launch.work ?? null,
      binding: null,
    });
  }

  /** Whether `capture` may be used: not on an engine that guards its memory. */
  get canCapture(): boolean {
    return this.#guard === null;
  }

  /**
   * Records what `work` launches, to be run by `replay()` any number of times; nothing runs now. Tensors made within keep their
   * buffers until the capture is disposed. Whatever should change from replay to replay (images, labels, learning rates) must be
   * in tensors made before, by `write`; uniform values stay as they were captured, and so does whatever the CPU counts on the way.
   * `work` may not write, read or wait.
   */
  capture(work: () => void): Capture {
    this.#checkAlive('capture');
    if (!this.canCapture)
      throw new ArgumentError('capture: not with guardMemory, which writes around every tensor');
    const capture = captureCommands(this.device, this.#commands, this.#pool, work, {
      checkAlive: () => this.#checkAlive('replay'),
      onDispose: () => this.#captures.delete(capture),
    });
    this.#captures.add(capture);
    return capture;
  }

  /** Sends the recorded work to the GPU without waiting for it. Rejects, and drops this work, when a kernel does not compile. */
  async flush(): Promise<void> {
    this.#checkAlive('flush');
    this.#checkNotCapturing('flush');
    await this.#wait(this.#commands.flush());
  }

  /** Waits until the GPU has done all recorded work. Rejects with whatever went wrong in it. */
  async sync(): Promise<void> {
    await this.flush();
    await this.#wait(this.device.queue.onSubmittedWorkDone());
    this.#checkAlive('sync');
  }

  /** The values of a tensor, after all work recorded so far. */
  async read<D extends DType>(tensor: Tensor<D>): Promise<HostArray<D>> {
    this.#checkAlive('read');
    this.#checkNotCapturing('read');
    const size = tensor.byteLength;
    const source = this.#ownStorage('read', 'tensor', tensor);
    const target = this.device.createBuffer({ label: 'read', size, usage: MAP_READ | COPY_DESTINATION });
    try {
      this.#commands.add({
        kind: 'copy',
        source,
        sourceOffset: tensor.byteOffset,
        target: { buffer: target, pool: null },
        targetOffset: 0,
        size,
      });
      await this.flush();
      await this.#wait(target.mapAsync(MAP_READ));
      const bytes = target.getMappedRange().slice(0);
      this.#checkAlive('read');
      const constructors = { f32: Float32Array, u32: Uint32Array, i32: Int32Array };
      return new constructors[tensor.dtype](bytes) as HostArray<D>;
    } catch (error) {
      this.#checkAlive('read');
      throw error;
    } finally {
      target.destroy();
    }
  }

  /** Runs work with a timestamp around every kernel and returns where the time went. Print it with `String(profile)`. */
  async profile(work: () => void | Promise<void>): Promise<Profile> {
    if (!this.capabilities.timestamps) {
      throw new UnsupportedError(
        'profile: the adapter has no timestamp-query; use another adapter or time whole steps',
      );
    }
    await this.sync();
    const recorder = new TimestampRecorder(this.device);
    this.#commands.recorder = recorder;
    try {
      await work();
      await this.sync();
    } finally {
      this.#commands.recorder = null;
    }
    return recorder.finish((promise) => this.#wait(promise));
  }

  /** GPU memory held for tensors, now and at its peak. */
  memory(): PoolLedger {
    return this.#pool.ledger();
  }

  /** Bind groups kept for reuse: a number that grows from step to step shows a leak. */
  get bindGroups(): number {
    return this.#pipelines.bindGroupCount;
  }

  /** Number of submits so far. */
  get submits(): number {
    return this.#commands.submits;
  }

  /** Gives buffers that are kept for reuse back to the device. */
  async trim(): Promise<void> {
    await this.sync();
    // What others recorded while this waited may use buffers that they have freed since.
    while (this.#commands.pending) await this.flush();
    this.#pipelines.clearBindGroups();
    this.#pool.trim();
  }

  /** With `guardMemory`: throws if a kernel wrote behind a tensor made since the last call. */
  async verifyMemory(): Promise<void> {
    if (this.#guard === null)
      throw new ArgumentError('verifyMemory: the engine was made without guardMemory');
    for (const { storage, bytes } of this.#guard.take()) {
      const whole = await this.read(new Tensor('u32', [bytes / 4 + GUARD_BYTES / 4], storage));
      this.#guard.check(whole, bytes);
    }
    for (const storage of this.#guard.quarantine.splice(0)) this.#pool.release(storage);
  }

  /** Frees everything. Tensors of this engine cannot be used afterwards. A device given by the caller stays open. */
  destroy(): void {
    if (this.#destroyed) return;
    for (const capture of this.#captures) capture.dispose();
    this.#destroyed = true;
    this.#pipelines.clearBindGroups();
    this.#pool.destroy();
    this.#commands.destroy();
    if (this.#opened !== null) this.device.destroy();
  }

  async #watchForLoss(): Promise<void> {
    const { reason, message } = await this.device.lost;
    if (this.#destroyed) return;
    this.#failure = new DeviceLostError(`the GPU device was lost (${reason}): ${message}; make a new engine`);
  }

  #releaseStorage(storage: PoolBuffer): void {
    if (this.#guard === null) this.#pool.release(storage);
    else this.#guard.quarantine.push(storage);
  }

  #wait<T>(promise: Promise<T>): Promise<T> {
    return this.#opened?.waitPolitely?.(promise) ?? promise;
  }

  #ownStorage(operation: string, argument: string, tensor: Tensor<DType>): PoolBuffer {
    const storage = tensor.storage(operation);
    if (storage.pool !== this.#pool) {
      throw new ArgumentError(`${operation}: ${argument} belongs to another engine (another device)`);
    }
    return storage;
  }

  /** Throws while commands are captured: they are to be replayed, so nothing may wait for them or bring values along. */
  #checkNotCapturing(operation: string): void {
    if (this.#commands.capturing)
      throw new ArgumentError(`${operation}: not within a capture; do it before or after`);
  }

  #checkAlive(operation: string): void {
    if (this.#destroyed) throw new DisposedError(`${operation}: the engine has been destroyed`);
    const failure = this.#failure;
    if (failure === null) return;
    if (!(failure instanceof DeviceLostError)) this.#failure = null;
    throw failure;
  }
}
