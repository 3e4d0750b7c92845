import type { BufferHolder, Command, CommandQueue } from './commands.ts';
import type { BufferPool, PoolBuffer, Reservation } from './pool.ts';
import { createBindGroup } from './commands.ts';
import { ArgumentError, DisposedError } from './errors.ts';
import { UniformArena } from './uniforms.ts';

/**
 * Commands recorded once, to be run again and again: operations, tape and bind groups cost their JavaScript only at the capture, as
 * with a CUDA graph. Made by `engine.capture`. The commands name buffers, not values: what they read is what is there at each replay.
 */
export class Capture {
  readonly #queue: CommandQueue;
  readonly #recorded: RecordedCommands;
  readonly #owner: CaptureOwner;
  #disposed = false;

  constructor(queue: CommandQueue, recorded: RecordedCommands, owner: CaptureOwner) {
    this.#queue = queue;
    this.#recorded = recorded;
    this.#owner = owner;
  }

  /** Number of kernel launches, copies and clears. */
  get length(): number {
    return this.#recorded.commands.length;
  }

  /** Runs the commands after everything recorded before. */
  replay(): void {
    if (this.#disposed) throw new DisposedError('replay: the capture has been disposed');
    this.#owner.checkAlive();
    if (this.#queue.capturing) throw new ArgumentError('replay: not within another capture');
    for (const command of this.#recorded.commands) this.#queue.add(command);
  }

  /** Gives the buffers of intermediate results back. Replays under way are finished first. Safe to call twice. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#recorded.reservation.release();
    this.#queue.retire(this.#recorded.uniforms.buffer);
    this.#owner.onDispose();
  }
}

/** What a capture asks of the engine that it belongs to. */
export interface CaptureOwner {
  /** Throws when the engine can run nothing any more. */
  readonly checkAlive: () => void;
  readonly onDispose: () => void;
}

interface RecordedCommands {
  readonly commands: readonly Command[];
  readonly uniforms: UniformArena;
  readonly reservation: Reservation;
}

function buffersOf(command: Command): BufferHolder[] {
  if (command.kind === 'dispatch') return command.ranges.map(({ storage }) => storage);
  if (command.kind === 'download') return command.sources.map(({ storage }) => storage);
  if (command.kind === 'upload') return command.targets.map(({ storage }) => storage);
  return command.kind === 'copy' ? [command.source, command.target] : [command.target];
}

/** Commands with bind groups and uniform values of their own. */
function bindCommands(device: GPUDevice, commands: readonly Command[], uniforms: UniformArena): Command[] {
  return commands.map((command): Command => {
    if (command.kind !== 'dispatch') return command;
    const { pipeline, ranges, params } = command;
    const group = createBindGroup(device, pipeline, ranges, uniforms.buffer);
    return { ...command, binding: { group, offsets: params === null ? [] : [uniforms.add(params)] } };
  });
}

/** Captures what `work` records. The buffers stay reserved, and nothing else may use them, until the capture is disposed. */
export function captureCommands(
  device: GPUDevice,
  queue: CommandQueue,
  pool: BufferPool,
  work: () => void,
  owner: CaptureOwner,
): Capture {
  if (queue.capturing) throw new ArgumentError('capture: not within another capture');
  const reservation = pool.reserve();
  const named = new Set<PoolBuffer>();
  let isOpen = true;
  try {
    const commands = queue.capture(work);
    for (const holder of commands.flatMap(buffersOf)) if (holder.pool !== null) named.add(holder);
    reservation.close(named);
    isOpen = false;
    const withParams = commands.filter((command) => command.kind === 'dispatch' && command.params !== null);
    const uniforms = new UniformArena(device, Math.max(1, withParams.length));
    const bound = bindCommands(device, commands, uniforms);
    uniforms.upload();
    return new Capture(queue, { commands: bound, uniforms, reservation }, owner);
  } catch (error) {
    if (isOpen) reservation.close([]);
    reservation.release();
    throw error;
  }
}
