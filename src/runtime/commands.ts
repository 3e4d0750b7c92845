import type { Grid } from './grid.ts';
import type { Pipeline } from './pipelines.ts';
import type { PoolBuffer } from './pool.ts';
import type { TimestampRecorder, Work } from './profile.ts';
import { UniformArena } from './uniforms.ts';

/** A range of a buffer bound to one storage binding, in bytes. */
export interface BoundRange {
  readonly index: number;
  readonly storage: PoolBuffer;
  readonly offset: number;
  readonly size: number;
}

/** Recorded work, in the order in which the GPU must see it. */
export type Command =
  | {
      readonly kind: 'dispatch';
      readonly pipeline: Pipeline;
      readonly ranges: readonly BoundRange[];
      readonly params: Uint8Array | null;
      readonly grid: Grid;
      readonly shape: string;
      readonly work: Work | null;
    }
  | {
      readonly kind: 'write';
      readonly target: GPUBuffer;
      readonly offset: number;
      readonly data: ArrayBufferView<ArrayBuffer>;
    }
  | { readonly kind: 'clear'; readonly target: GPUBuffer; readonly offset: number; readonly size: number }
  | {
      readonly kind: 'copy';
      readonly source: GPUBuffer;
      readonly sourceOffset: number;
      readonly target: GPUBuffer;
      readonly targetOffset: number;
      readonly size: number;
    };

type Dispatch = Extract<Command, { kind: 'dispatch' }>;

/** Recorded commands beyond this number are sent off without waiting for a sync point, so that the GPU is never idle. */
const COMMANDS_PER_SUBMIT = 256;

/**
 * Bind groups kept for one pipeline: many times what a step of a deep network takes. Work whose shapes never repeat (maps in the
 * sizes of their images, say) would keep new ones for ever.
 */
const MOST_BIND_GROUPS = 2048;

/**
 * Records commands and turns them into few submits. Encoding waits until every pipeline of a batch is compiled; they compile
 * in parallel, so the first training step costs one compilation time, not the sum.
 */
export class CommandQueue {
  readonly #device: GPUDevice;
  readonly #uniforms: UniformArena;
  #recorded: Command[] = [];
  #tail: Promise<void> | null = null;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  recorder: TimestampRecorder | null = null;
  /** Submits so far: for tests and benchmarks. */
  submits = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#uniforms = new UniformArena(device);
  }

  add(command: Command): void {
    this.#recorded.push(command);
    if (this.#recorded.length >= COMMANDS_PER_SUBMIT && this.#tail === null && this.#compiled())
      this.#encodeAll();
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
    });
    this.#tail = tail;
    // Every caller of flush sees the failure; a later flush that does not wait for this one must not end the process.
    tail.catch(() => undefined);
    return tail;
  }

  async #encodeAfter(before: Promise<void>, batch: readonly Command[]): Promise<void> {
    // Whoever flushed the batch before has its failure; this one is tried all the same.
    await before.catch(() => undefined);
    await Promise.all(
      batch.flatMap((command) => (command.kind === 'dispatch' ? [command.pipeline.ready] : [])),
    );
    this.#encode(batch);
  }

  #compiled(): boolean {
    return this.#recorded.every(
      (command) => command.kind !== 'dispatch' || command.pipeline.compiled !== null,
    );
  }

  #encodeAll(): void {
    const batch = this.#recorded;
    this.#recorded = [];
    this.#encode(batch);
  }

  #encode(batch: readonly Command[]): void {
    for (const command of batch) {
      if (command.kind === 'dispatch') {
        this.#dispatch(command);
      } else if (command.kind === 'clear') {
        this.#endPass();
        this.#openEncoder().clearBuffer(command.target, command.offset, command.size);
      } else if (command.kind === 'copy') {
        this.#endPass();
        const { source, sourceOffset, target, targetOffset, size } = command;
        this.#openEncoder().copyBufferToBuffer(source, sourceOffset, target, targetOffset, size);
      } else {
        // A queue write takes effect between submits, so what was encoded before it must go first.
        this.#submit();
        const { target, offset, data } = command;
        this.#device.queue.writeBuffer(target, offset, data.buffer, data.byteOffset, data.byteLength);
      }
    }
    this.#submit();
  }

  #dispatch(command: Dispatch): void {
    const { pipeline, grid } = command;
    if (pipeline.compiled === null)
      throw new Error(`${pipeline.kernel.name}: encoded before it was compiled`);
    if (this.#uniforms.full || this.recorder?.full === true) this.#submit();
    const bindGroup = this.#bindGroup(pipeline, command.ranges);
    let pass = this.#pass;
    if (this.recorder !== null) {
      this.#endPass();
      const { kernel } = pipeline;
      const sample = { kernel: kernel.name, shape: command.shape, work: command.work };
      pass = this.#openEncoder().beginComputePass({ label: kernel.name, ...this.recorder.pass(sample) });
    } else {
      pass ??= this.#openEncoder().beginComputePass();
    }
    this.#pass = pass;
    pass.setPipeline(pipeline.compiled);
    if (command.params === null) pass.setBindGroup(0, bindGroup);
    else pass.setBindGroup(0, bindGroup, [this.#uniforms.add(command.params)]);
    pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
  }

  #bindGroup(pipeline: Pipeline, ranges: readonly BoundRange[]): GPUBindGroup {
    let key = '';
    for (const { storage, offset, size } of ranges) key += `${storage.id},${offset},${size};`;
    let group = pipeline.bindGroups.get(key);
    if (group === undefined) {
      const entries: GPUBindGroupEntry[] = ranges.map(({ index, storage, offset, size }) => ({
        binding: index,
        resource: { buffer: storage.buffer, offset, size },
      }));
      const { params, name } = pipeline.kernel;
      if (params !== null) {
        entries.push({
          binding: params.index,
          resource: { buffer: this.#uniforms.buffer, size: params.size },
        });
      }
      group = this.#device.createBindGroup({ label: name, layout: pipeline.layout, entries });
      if (pipeline.bindGroups.size >= MOST_BIND_GROUPS) pipeline.bindGroups.clear();
      pipeline.bindGroups.set(key, group);
    }
    return group;
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
    this.#uniforms.buffer.destroy();
  }
}
