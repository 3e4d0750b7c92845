import type { BufferPool, Reservation } from './pool.ts';
import type { Command, CommandQueue } from './commands.ts';
import { createBindGroup } from './commands.ts';
import { ArgumentError, DisposedError } from './errors.ts';
import { UniformArena } from './uniforms.ts';

/**
 * Commands recorded once, to be run again and again: operations, tape and bind groups cost their JavaScript only at the capture, as
 * with a CUDA graph. Made by `engine.capture`. The commands name buffers, not values: what they read is what is there at each replay.
 */
export class Capture {
  readonly #queue: CommandQueue;
  readonly #commands: readonly Command[];
  readonly #uniforms: UniformArena;
  readonly #reservation: Reservation;
  #disposed = false;

  constructor(
    queue: CommandQueue,
    commands: readonly Command[],
    uniforms: UniformArena,
    reservation: Reservation,
  ) {
    this.#queue = queue;
    this.#commands = commands;
    this.#uniforms = uniforms;
    this.#reservation = reservation;
  }

  /** Number of kernel launches, copies and clears. */
  get length(): number {
    return this.#commands.length;
  }

  /** Runs the commands after everything recorded before. */
  replay(): void {
    if (this.#disposed) throw new DisposedError('replay: the capture has been disposed');
    if (this.#queue.capturing) throw new ArgumentError('replay: not within another capture');
    for (const command of this.#commands) this.#queue.add(command);
  }

  /** Gives the buffers of intermediate results back. Replays under way are finished first. Safe to call twice. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#reservation.release();
    // A destroyed buffer may not be named by a submit to come. Whoever flushed has the failure, if there is one.
    const sent = this.#queue.flush().catch(() => undefined);
    void sent.then(() => this.#uniforms.buffer.destroy());
  }
}

/** Captures what `work` records. Its buffers stay reserved, and nothing else may use them, until the capture is disposed. */
export function captureCommands(
  device: GPUDevice,
  queue: CommandQueue,
  pool: BufferPool,
  work: () => void,
): Capture {
  if (queue.capturing) throw new ArgumentError('capture: not within another capture');
  const reservation = pool.reserve();
  let commands: Command[];
  try {
    commands = queue.capture(work);
  } catch (error) {
    reservation.close();
    reservation.release();
    throw error;
  }
  reservation.close();
  const withParams = commands.filter((command) => command.kind === 'dispatch' && command.params !== null);
  const uniforms = new UniformArena(device, Math.max(1, withParams.length));
  const bound = commands.map((command): Command => {
    if (command.kind !== 'dispatch') return command;
    const { pipeline, ranges, params } = command;
    const group = createBindGroup(device, pipeline, ranges, uniforms.buffer);
    return { ...command, binding: { group, offsets: params === null ? [] : [uniforms.add(params)] } };
  });
  uniforms.upload();
  return new Capture(queue, bound, uniforms, reservation);
}
