import type { Grid } from './grid.ts';
import type { Pipeline } from './pipelines.ts';
import type { OutOfMemoryError } from './errors.ts';
import type { PoolBuffer } from './pool.ts';
import type { Shape } from './shape.ts';
import type { TimestampRecorder, Work } from './profile.ts';
import { ArgumentError } from './errors.ts';
import { formatShape } from './shape.ts';
import { UniformArena } from './uniforms.ts';

/** A range of a buffer bound to one storage binding, in bytes. */
export interface BoundRange {
  readonly index: number;
  readonly storage: PoolBuffer;
  readonly offset: number;
  readonly size: number;
}

/** A bind group and the offset of its uniform values, as setBindGroup takes them. */
export interface Binding {
  readonly group: GPUBindGroup;
  readonly offsets: readonly number[];
}

/** Recorded work, in the order in which the GPU must see it. */
export type Command =
  | {
      readonly kind: 'dispatch';
      readonly pipeline: Pipeline;
      readonly ranges: readonly BoundRange[];
      readonly params: Uint8Array | null;
      readonly grid: Grid;
      /** Of the tensors bound, for the profiler. */
      readonly shapes: readonly Shape[];
      readonly work: Work | null;
      /** What a captured dispatch binds, made once; null when it is to be looked up. */
      readonly binding: Binding | null;
    }
  | {
      readonly kind: 'write';
      readonly target: BufferHolder;
      readonly offset: number;
      readonly data: ArrayBufferView<ArrayBuffer>;
    }
  | {
      readonly kind: 'clear';
      readonly target: BufferHolder;
      readonly offset: number;
      readonly size: number;
    }
  | {
      readonly kind: 'copy';
      readonly source: BufferHolder;
      readonly sourceOffset: number;
      readonly target: BufferHolder;
      readonly targetOffset: number;
      readonly size: number;
    }
  | {
      readonly kind: 'download';
      readonly sources: readonly BufferRange[];
      /** The buffer for the ranges, one behind the other. */
      readonly staging: () => GPUBuffer;
      /** Is handed that buffer when the copy has been submitted. */
      readonly arrive: (staging: GPUBuffer) => void;
    }
  | {
      readonly kind: 'upload';
      readonly targets: readonly BufferRange[];
      /** A buffer with one target's behind the other. Nothing that follows is submitted before. */
      readonly values: () => Promise<GPUBuffer>;
      /** Is told when the copy has been submitted. */
      readonly done: () => void;
    };

/** A range of a buffer of the pool, in bytes. */
export type BufferRange = Omit<BoundRange, 'index'>;

/** A buffer of the pool, or one that is read back. */
export type BufferHolder = PoolBuffer | { readonly buffer: GPUBuffer; readonly pool: null };

export type Dispatch = Extract<Command, { kind: 'dispatch' }>;

/** Recorded commands beyond this number are sent off without waiting for a sync point, so that the GPU is never idle. */
const COMMANDS_PER_SUBMIT = 256;

/**
 * Bind groups kept for one pipeline: many times what a step of a deep network takes. Work whose shapes never repeat (maps in the
 * sizes of their images, say) would keep new ones for ever.
 */
const MOST_BIND_GROUPS = 2048;

/** The bind group of a pipeline over these ranges, with its uniform values in `uniforms` at a dynamic offset. */
export function createBindGroup(
  device: GPUDevice,
  { kernel, layout }: Pipeline,
  ranges: readonly BoundRange[],
  uniforms: GPUBuffer,
): GPUBindGroup {
  const entries: GPUBindGroupEntry[] = ranges.map(({ index, storage, offset, size }) => ({
    binding: index,
    resource: { buffer: storage.buffer, offset, size },
  }));
  if (kernel.params !== null) {
    const { index, size } = kernel.params;
    entries.push({ binding: index, resource: { buffer: uniforms, size } });
  }
  return device.createBindGroup({ label: kernel.name, layout, entries });
}

/** The lack of memory for one of a command's buffers. */
function failureOf(command: Command): OutOfMemoryError | null {
  const failed = ({ storage }: BufferRange): boolean => storage.failure !== null;
  if (command.kind === 'dispatch') return command.ranges.find(failed)?.storage.failure ?? null;
  if (command.kind === 'download') return command.sources.find(failed)?.storage.failure ?? null;
  if (command.kind === 'upload') return null;
  const failure = command.target.pool === null ? null : command.target.failure;
  if (command.kind !== 'copy' || failure !== null) return failure;
  return command.source.pool === null ? null : command.source.failure;
}

/**
 * Records commands and turns them into few submits. Encoding waits until every pipeline of a batch is compiled; they compile
 * in parallel, so the first training step costs one compilation time, not the sum.
 */
export class CommandQueue {
  readonly #device: GPUDevice;
  readonly #onFailure: (failure: OutOfMemoryError) => void;
  readonly #uniforms: UniformArena;
  #recorded: Command[] = [];
  #captured: Command[] | null = null;
  readonly #retired: GPUBuffer[] = [];
  #tail: Promise<void> | null = null;
  #destroyed = false;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  recorder: TimestampRecorder | null = null;
  /** Submits so far: for tests and benchmarks. */
  submits = 0;

  /** `onFailure` is told of commands that are left out, because there was no memory for one of their buffers. */
  constructor(device: GPUDevice, onFailure: (failure: OutOfMemoryError) => void) {
    this.#device = device;
    this.#onFailure = onFailure;
    this.#uniforms = new UniformArena(device);
  }

  add(command: Command): void {
    if (this.#captured !== null) {
      this.#captured.push(command);
      return;
    }
    this.#recorded.push(command);
    if (this.#recorded.length >= COMMANDS_PER_SUBMIT && this.#tail === null && this.#compiled())
      this.#encodeAll();
  }

  /** The commands that `work` adds, instead of running them. */
  capture(work: () => unknown): Command[] {
    const captured: Command[] = [];
    this.#captured = captured;
    try {
      if (work() instanceof Promise)
        throw new ArgumentError('capture: work is asynchronous; what it does later would not be captured');
    } finally {
      this.#captured = null;
    }
    return captured;
  }

  /** Destroys a buffer once no recorded command can name it any more. */
  retire(buffer: GPUBuffer): void {
    this.#retired.push(buffer);
    this.#destroyRetired();
  }

  #destroyRetired(): void {
    if (this.pending) return;
    for (const buffer of this.#retired.splice(0)) buffer.destroy();
  }

  /** Whether commands are being captured. */
  get capturing(): boolean {
    return this.#captured !== null;
  }

  /** Whether recorded work waits to be submitted. */
  get pending(): boolean {
    return this.#recorded.length > 0 || this.#tail !== null;
  }

  /** Submits everything recorded so far. Rejects when a kernel of it does not compile. */
  flush(): Promise<void> {
    if (this.#recorded.length === 0) return this.#tail ?? Promise.resolve();
    if (this.#tail === null && this.#compiled()) {
      this.#encodeAll();
      return Promise.resolve();
    }
    const before = this.#tail ?? Promise.resolve();
    const batch = this.#recorded;
    this.#recorded = [];
    const tail = this.#encodeAfter(before, batch).finally(() => {
      if (this.#tail === tail) this.#tail = null;
      this.#destroyRetired();
    });
    this.#tail = tail;
    // Every caller of flush sees the failure; a later flush that does not wait for this one must not end the process.
    tail.catch(() => undefined);
    return tail;
  }

  async #encodeAfter(before: Promise<void>, recorded: readonly Command[]): Promise<void> {
    // Whoever flushed the batch before has its failure; this one is tried all the same.
    await before.catch(() => undefined);
    const compiled = await Promise.allSettled(
      recorded.map(async (command) => command.kind === 'dispatch' && command.pipeline.ready),
    );
    if (this.#destroyed) return;
    const failed = compiled.findIndex(({ status }) => status === 'rejected');
    // Of what follows a kernel that fails (or an upload, below), values that were brought along stay: a network's weights would be gone otherwise.
    const batch = recorded.filter(({ kind }, index) => failed < 0 || index < failed || kind === 'write');
    let first = 0;
    for (const [index, command] of batch.entries()) {
      if (command.kind !== 'upload') continue;
      this.#encode(batch.slice(first, index));
      first = index + 1;
      const source = await command.values().catch((error: unknown) => {
        if (!this.#destroyed) this.#encode(batch.slice(first).filter(({ kind }) => kind === 'write'));
        throw error;
      });
      if (this.#destroyed) return;
      let end = 0;
      for (const { storage, offset, size } of command.targets) {
        this.#openEncoder().copyBufferToBuffer(source, end, storage.buffer, offset, size);
        end += size;
      }
      this.#submit();
      command.done();
    }
    this.#encode(batch.slice(first));
    const failure = compiled[failed];
    if (failure?.status === 'rejected') throw failure.reason;
  }

  /** Whether what is recorded can be encoded without waiting for anything. */
  #compiled(): boolean {
    return this.#recorded.every(
      (command) =>
        command.kind !== 'upload' && (command.kind !== 'dispatch' || command.pipeline.compiled !== null),
    );
  }

  #encodeAll(): void {
    const batch = this.#recorded;
    this.#recorded = [];
    this.#encode(batch);
    this.#destroyRetired();
  }

  #encode(batch: readonly Command[]): void {
    for (const command of batch) {
      const failure = failureOf(command);
      if (failure !== null) {
        this.#onFailure(failure);
      } else if (command.kind === 'dispatch') {
        this.#dispatch(command);
      } else if (command.kind === 'clear') {
        this.#endPass();
        this.#openEncoder().clearBuffer(command.target.buffer, command.offset, command.size);
      } else if (command.kind === 'copy') {
        this.#endPass();
        const { source, sourceOffset, target, targetOffset, size } = command;
        this.#openEncoder().copyBufferToBuffer(
          source.buffer,
          sourceOffset,
          target.buffer,
          targetOffset,
          size,
        );
      } else if (command.kind === 'download') {
        this.#download(command);
      } else if (command.kind === 'write') {
        // A queue write takes effect between submits, so what was encoded before it must go first.
        this.#submit();
        const { target, offset, data } = command;
        this.#device.queue.writeBuffer(target.buffer, offset, data.buffer, data.byteOffset, data.byteLength);
      }
    }
    this.#submit();
  }

  #download({ sources, staging: make, arrive }: Extract<Command, { kind: 'download' }>): void {
    this.#endPass();
    const staging = make();
    let end = 0;
    for (const range of sources) {
      const { storage, offset } = range;
      this.#openEncoder().copyBufferToBuffer(storage.buffer, offset, staging, end, range.size);
      end += range.size;
    }
    this.#submit();
    arrive(staging);
  }

  #dispatch(command: Dispatch): void {
    const { pipeline, grid } = command;
    if (pipeline.compiled === null)
      throw new Error(`${pipeline.kernel.name}: encoded before it was compiled`);
    if (this.#uniforms.full || this.recorder?.full === true) this.#submit();
    let pass = this.#pass;
    if (this.recorder !== null) {
      this.#endPass();
      const { kernel } = pipeline;
      const shape = command.shapes.map(formatShape).join(' ');
      const sample = { kernel: kernel.name, shape, work: command.work };
      pass = this.#openEncoder().beginComputePass({ label: kernel.name, ...this.recorder.pass(sample) });
    } else {
      pass ??= this.#openEncoder().beginComputePass();
    }
    this.#pass = pass;
    pass.setPipeline(pipeline.compiled);
    const { group, offsets } = command.binding ?? this.#bind(command);
    pass.setBindGroup(0, group, offsets);
    pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
  }

  /** Puts a dispatch's uniform values in place and finds or makes its bind group. */
  #bind({ pipeline, ranges, params }: Dispatch): Binding {
    let key = '';
    for (const { storage, offset, size } of ranges) key += `${storage.id},${offset},${size};`;
    let group = pipeline.bindGroups.get(key);
    if (group === undefined) {
      group = createBindGroup(this.#device, pipeline, ranges, this.#uniforms.buffer);
      if (pipeline.bindGroups.size >= MOST_BIND_GROUPS) pipeline.bindGroups.clear();
      pipeline.bindGroups.set(key, group);
    }
    return { group, offsets: params === null ? [] : [this.#uniforms.add(params)] };
  }

  #openEncoder(): GPUCommandEncoder {
    this.#encoder ??= this.#device.createCommandEncoder();
    return this.#encoder;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = null;
  }

  #submit(): void {
    this.#endPass();
    const encoder = this.#encoder;
    if (encoder === null) return;
    this.#encoder = null;
    this.recorder?.resolve(encoder);
    this.#uniforms.upload();
    this.#device.queue.submit([encoder.finish()]);
    this.submits++;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#uniforms.buffer.destroy();
  }
}
