import type { CalmError } from './errors.ts';
import { DeviceLostError, DisposedError, GpuError, OutOfMemoryError } from './errors.ts';

/** Turns of the event loop by which a browser has told of a loss, whose GPU is another process: some 20 ms. */
const LATEST = 8;

/**
 * What went wrong on a device, and who has heard of it. WebGPU tells of errors later and to nobody in particular. So an error is given
 * to every operation that was waiting for the GPU when it came - whose numbers may be wrong, too - and else, once, to the next call.
 */
export class Failures {
  /** The first that nobody has heard of; else the latest. */
  #failure: CalmError | null = null;
  #count = 0;
  #isTold = true;
  /** Whether something has gone well since it was told. */
  #isOver = true;
  #expected = 0;
  /** Why nothing works any more, told to a caller by name. */
  #end: ((operation: string) => CalmError) | null = null;
  /** Done when every outcome that is expected has come, or the end. */
  #settled = Promise.withResolvers<void>();
  readonly #waiting = new Map<(error: CalmError) => void, string>();

  /** Notes an error of the device: an uncaptured one, or one of the runtime's own. */
  report(failure: CalmError): void {
    // What is done with a buffer that there was no memory for fails, too, before and after the lack of memory is told.
    const isCause = failure instanceof OutOfMemoryError;
    const isKept = !this.#isTold || (!this.#isOver && this.#failure instanceof OutOfMemoryError);
    if (isCause || !isKept) this.#failure = failure;
    this.#isOver = false;
    this.#isTold = false;
    this.#count++;
  }

  /** Is told later whether something that has been done failed; until then no other failure is told, which may come of it. */
  expect(outcome: Promise<CalmError | null>): void {
    if (this.#expected++ === 0) this.#settled = Promise.withResolvers();
    void outcome.then((failure) => {
      if (failure !== null) this.report(failure);
      if (--this.#expected === 0) this.#settled.resolve();
      return undefined;
    });
  }

  /** Ends all that is waiting, and every later call. Of several reasons the engine's own end wins. */
  end(reason: (operation: string) => CalmError): void {
    this.#end = reason;
    this.#settled.resolve();
    for (const [give, operation] of this.#waiting) give(reason(operation));
  }

  /** Throws what ended the engine, or a failure that nobody has heard of. */
  check(operation: string): void {
    if (this.#end !== null) throw this.#end(operation);
    if (!this.#isTold && this.#expected === 0) this.#tell();
  }

  /** Waits for the GPU. Rejects with the first failure that came meanwhile, and at once when the device or the engine ends. */
  async during<T>(operation: string, work: () => Promise<T>): Promise<T> {
    this.check(operation);
    const before = this.#count;
    const ending = Promise.withResolvers<never>();
    this.#waiting.set(ending.reject, operation);
    let failed: readonly unknown[] = [];
    try {
      const result = await Promise.race([work(), ending.promise]);
      if (this.#count === before) {
        this.#isOver = this.#isTold;
        return result;
      }
    } catch (error) {
      failed = [error];
    } finally {
      this.#waiting.delete(ending.reject);
    }
    // A lost device fails its promises before it says that it is lost, and a lack of memory what uses it before it is told.
    const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));
    for (let turns = 0; turns < LATEST && this.#end === null; turns++) await turn();
    while (this.#expected > 0 && this.#end === null) await this.#settled.promise.then(turn);
    if (this.#end !== null) throw this.#end(operation);
    if (this.#count !== before) this.#tell();
    throw failed[0];
  }

  #tell(): void {
    this.#isTold = true;
    if (this.#failure !== null) throw this.#failure;
  }
}

/** Sends a device's errors and its loss to `failures`, until the returned function is called. */
export function watchDevice(device: GPUDevice, failures: Failures): () => void {
  let isWatched = true;
  const listen = (event: GPUUncapturedErrorEvent): void => {
    event.preventDefault();
    const { error } = event;
    // By name: on Node the classes of WebGPU's errors are not global.
    const Class = error.constructor.name === 'GPUOutOfMemoryError' ? OutOfMemoryError : GpuError;
    failures.report(new Class(`WebGPU: ${error.message}`, { cause: error }));
  };
  device.addEventListener('uncapturederror', listen);
  void device.lost.then(({ reason, message }) => {
    const lost = new DeviceLostError(`the GPU device was lost (${reason}): ${message}; make a new engine`);
    return isWatched && failures.end(() => lost);
  });
  return () => {
    isWatched = false;
    device.removeEventListener('uncapturederror', listen);
    failures.end((operation) => new DisposedError(`${operation}: the engine has been destroyed`));
  };
}
