import type { AdapterDescription, OpenedGpu } from './open.ts';
import type { AnyBuffers, KernelModule } from './kernel.ts';
import type { BoundRange } from './commands.ts';
import type { DType, HostArray } from './tensor.ts';
import type { PoolBuffer, PoolLedger } from './pool.ts';
import type { Launch } from './launch.ts';
import type { Profile } from './profile.ts';
import type { Shape } from './shape.ts';
import type { TensorTracker } from './tensor_tracker.ts';
import { BufferPool } from './pool.ts';
import type { Capabilities } from './capabilities.ts';
import type { Capture } from './capture.ts';
import { capabilitiesOf } from './capabilities.ts';
import { captureCommands } from './capture.ts';
import { checkAliasing } from './aliasing.ts';
import { checkGrid, fold } from './grid.ts';
import { checkSizes, elementCount, formatShape } from './shape.ts';
import { CommandQueue } from './commands.ts';
import { ArgumentError, reject, UnsupportedError } from './errors.ts';
import { checkBindingSize, checkBuffer } from './launch.ts';
import { Failures, watchDevice } from './failures.ts';
import { MOST_WORK, partsOf } from './group_range.ts';
import { GUARD_BYTES, MemoryGuard } from './guard.ts';
import { HostWorks } from './host_work.ts';
import { packParams } from './uniforms.ts';
import type { FirstLaunch } from './pipelines.ts';
import { PipelineCache } from './pipelines.ts';
import { Tensor } from './tensor.ts';
import { TimestampRecorder } from './profile.ts';

/** What an engine is made with; see `EngineOptions`. */
export interface EngineSettings {
  /** What was opened for this engine; absent when the device was given. */
  readonly opened?: OpenedGpu;
  readonly launchFirst?: FirstLaunch | null;
  readonly guardMemory?: boolean;
  readonly memoryLimit?: number;
  readonly tensorTracker?: TensorTracker;
  readonly dispatchWork?: number;
}

/** Kernels may read and write whole vec4s, so every tensor's room is a multiple of 16 bytes. */
const paddedBytes = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** A device with its memory, kernels and command queue. Make one with `createEngine()` of create_engine.ts. */
export class Engine {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  /** One line for people: which adapter is used and what would be faster. */
  readonly notes: readonly string[];
  readonly capabilities: Capabilities;
  /** Work of the CPU between two launches. */
  readonly hostWorks: HostWorks;
  readonly #opened: OpenedGpu | null;
  readonly #pool: BufferPool;
  readonly #pipelines: PipelineCache;
  readonly #commands: CommandQueue;
  readonly #guard: MemoryGuard | null;
  readonly #tracker: TensorTracker | null;
  readonly #mostWork: number;
  readonly #captures = new Set<Capture>();
  readonly #failures = new Failures();
  readonly #endWatch: () => void;
  #destroyed = false;

  constructor(device: GPUDevice, adapter: AdapterDescription, settings: EngineSettings = {}) {
    const { opened = null, guardMemory = false, memoryLimit = Infinity, tensorTracker = null } = settings;
    this.#mostWork = settings.dispatchWork ?? MOST_WORK[adapter.software ? 'software' : 'hardware'];
    this.device = device;
    this.adapter = adapter;
    this.notes = opened?.notes ?? [];
    this.capabilities = capabilitiesOf(device, adapter);
    this.#opened = opened;
    this.#pool = new BufferPool(device, {
      limit: memoryLimit,
      submit: () => this.#submitNow(),
      onCreate: (outcome) => this.#failures.expect(outcome),
    });
    this.#pipelines = new PipelineCache(device, settings.launchFirst);
    this.#commands = new CommandQueue(device, (failure) => this.#failures.report(failure));
    this.hostWorks = new HostWorks({
      ...{ device, commands: this.#commands, pool: this.#pool },
      range: (operation, tensor) => {
        const storage = this.#ownStorage(operation, 'tensor', tensor);
        return { storage, offset: tensor.byteOffset, size: tensor.byteLength };
      },
      wait: (promise) => this.#wait(promise),
      during: (operation, work) => this.#failures.during(operation, work),
    });
    this.#guard = guardMemory ? new MemoryGuard() : null;
    this.#tracker = tensorTracker;
    this.#endWatch = watchDevice(device, this.#failures);
  }

  /**
   * A tensor that the caller owns, with undefined content (the kernel that fills it must write every element). Throws OutOfMemoryError
   * beyond the adapter's largest buffer or the engine's `memoryLimit`.
   */
  empty<D extends DType = 'f32'>(
    shape: Shape,
    dtype?: D,
    options: { requiresGradient?: boolean } = {},
  ): Tensor<D> {
    this.#failures.check('empty');
    checkSizes('empty', shape);
    const bytes = paddedBytes(elementCount(shape) * 4);
    const label = `tensor ${formatShape(shape)}`;
    const storage = this.#pool.acquire(this.#guard === null ? bytes : bytes + GUARD_BYTES, label);
    this.#guard?.protect(storage, bytes, (data) =>
      this.#commands.add({ kind: 'write', target: storage, offset: 0, data }),
    );
    const tensor = new Tensor((dtype ?? 'f32') as D, [...shape], storage, {
      ...options,
      release: (s) => this.#releaseStorage(s),
    });
    this.#tracker?.made(tensor, storage);
    return tensor;
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
    this.#failures.check('clear');
    const target = this.#ownStorage('clear', 'tensor', tensor);
    this.#commands.add({ kind: 'clear', target, offset: tensor.byteOffset, size: tensor.byteLength });
  }

  /** Replaces a tensor's values, in order with the recorded work. The values are copied at the call. */
  write<D extends DType>(tensor: Tensor<D>, values: HostArray<D>): void {
    this.#failures.check('write');
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
    this.#failures.check('copy');
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
    this.#failures.check(kernel.name);
    const buffers: AnyBuffers = launch.buffers;
    const ranges = this.#bind(kernel, buffers);
    const grid = typeof launch.workgroups === 'number' ? fold(launch.workgroups) : launch.workgroups;
    checkGrid(kernel.name, grid);
    const shapes = Object.values(buffers).map(({ shape }) => shape);
    for (const part of partsOf(kernel, launch, grid, this.#mostWork)) {
      this.#commands.add({
        ...{ kind: 'dispatch', ranges, shapes, binding: null },
        pipeline: this.#pipelines.get(part.kernel, launch.constants),
        params: packParams(part.kernel, part.params),
        grid: part.grid,
        work: part.work,
      });
    }
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
    this.#failures.check('capture');
    if (!this.canCapture)
      throw new ArgumentError('capture: not with guardMemory, which writes around every tensor');
    const capture = captureCommands(this.device, this.#commands, this.#pool, work, {
      checkAlive: () => this.#failures.check('replay'),
      onDispose: () => this.#captures.delete(capture),
    });
    this.#captures.add(capture);
    return capture;
  }

  /**
   * Sends the recorded work to the GPU without waiting for it. Rejects when a kernel does not compile: what was recorded before it
   * runs, and of the rest only what brings values along (`write`, `tensor`).
   */
  async flush(): Promise<void> {
    this.#checkNotCapturing('flush');
    await this.#failures.during('flush', () => this.#wait(this.#commands.flush()));
  }

  /** Waits until the GPU has done all recorded work. Rejects with whatever went wrong in it. */
  async sync(): Promise<void> {
    this.#checkNotCapturing('sync');
    await this.#failures.during('sync', async () => {
      await this.#wait(this.#commands.flush());
      await this.#wait(this.device.queue.onSubmittedWorkDone());
    });
  }

  /**
   * The values of a tensor, after all work recorded so far. Rejects with whatever went wrong until they came: await it, for a read
   * that nobody awaits may take the error with it, and then no other call tells of it.
   */
  read<D extends DType>(tensor: Tensor<D>): Promise<HostArray<D>> {
    const values = this.#failures.during('read', async () => {
      this.#checkNotCapturing('read');
      const bytes = await this.hostWorks.read(tensor);
      const constructors = { f32: Float32Array, u32: Uint32Array, i32: Int32Array };
      return new constructors[tensor.dtype](bytes) as HostArray<D>;
    });
    // Whoever awaits it sees the failure; other reads, which nobody awaits then, must not end the process.
    values.catch(() => undefined);
    return values;
  }

  /** Runs work with a timestamp around every kernel and returns where the time went. Print it with `String(profile)`. */
  async profile(work: () => void | Promise<void>): Promise<Profile> {
    if (!this.capabilities.timestamps) {
      throw new UnsupportedError(
        'profile: the adapter has no timestamp-query; use another adapter or time whole steps',
      );
    }
    await this.sync();
    if (this.#commands.recorder !== null)
      throw new ArgumentError('profile: another profile of this engine is under way');
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

  /** GPU memory held, now and at its peak. */
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
    while (!this.#submitNow()) await this.flush();
    this.#pool.trim();
  }

  /** With `guardMemory`: throws if a kernel wrote behind a tensor made since the last call. */
  async verifyMemory(): Promise<void> {
    if (this.#guard === null)
      throw new ArgumentError('verifyMemory: the engine was made without guardMemory');
    try {
      for (const { storage, bytes } of this.#guard.take()) {
        const whole = await this.read(new Tensor('u32', [bytes / 4 + GUARD_BYTES / 4], storage));
        this.#guard.check(whole, bytes);
      }
    } finally {
      for (const storage of this.#guard.quarantine.splice(0)) this.#pool.release(storage);
    }
  }

  /** Frees everything. Tensors of this engine cannot be used afterwards. A device given by the caller stays open. */
  destroy(): void {
    if (this.#destroyed) return;
    for (const capture of this.#captures) capture.dispose();
    this.#destroyed = true;
    this.#endWatch();
    this.#pipelines.clearBindGroups();
    this.#tracker?.ended(this.#pool);
    this.#pool.destroy();
    this.#commands.destroy();
    this.hostWorks.trim();
    if (this.#opened !== null) this.device.destroy();
  }

  /** Submits what is recorded, unless a kernel of it is still being compiled; whether it could. */
  #submitNow(): boolean {
    void this.#commands.flush().catch(() => undefined);
    if (this.#commands.pending) return false;
    this.#pipelines.clearBindGroups();
    this.hostWorks.trim();
    return true;
  }

  #releaseStorage(storage: PoolBuffer): void {
    this.#tracker?.released(storage);
    if (this.#guard === null) this.#pool.release(storage);
    else this.#guard.quarantine.push(storage);
  }

  #wait<T>(promise: Promise<T>): Promise<T> {
    return this.#opened?.waitPolitely?.(promise) ?? promise;
  }

  /** The ranges that a launch binds. Throws where a tensor is missing, of another type, too large or bound twice. */
  #bind(kernel: KernelModule, buffers: AnyBuffers): BoundRange[] {
    const ranges = Object.entries(kernel.bindings).map(([name, { index, element }]): BoundRange => {
      const tensor = checkBuffer(kernel, name, buffers[name], element);
      const storage = this.#ownStorage(kernel.name, name, tensor);
      // vec4 bindings must be a multiple of 16 bytes long; the pool's buffers always have the room.
      const padded = paddedBytes(tensor.byteLength);
      const size = this.#guard?.isProtected(storage, padded) === true ? padded + GUARD_BYTES : padded;
      checkBindingSize(kernel, name, tensor, size, this.device.limits.maxStorageBufferBindingSize);
      return { index, storage, offset: tensor.byteOffset, size };
    });
    checkAliasing(kernel, ranges);
    return ranges;
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
}
