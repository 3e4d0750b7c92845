/** The one engine of the page: opened when it is first needed, and anew after its device was lost. */
import type { Engine } from '../../src/runtime/engine.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { DeviceLostError, UnsupportedError } from '../../src/runtime/errors.ts';
import { tell } from './scope.ts';

let opening: Promise<Engine> | null = null;
let losses = 0;

/** A browser whose GPU process has just ended needs a moment before it offers an adapter again. */
const REOPEN_ATTEMPTS = 6;
const REOPEN_MILLISECONDS = 500;

async function open(): Promise<Engine> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await createEngine();
    } catch (error) {
      if (losses === 0 || attempt === REOPEN_ATTEMPTS) {
        if (losses === 0 || !(error instanceof UnsupportedError)) throw error;
        throw new DeviceLostError(
          'The browser gives no graphics device any more after the last one was lost. Reload the page; if that does not help, restart the browser.',
          { cause: error },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, REOPEN_MILLISECONDS));
    }
  }
}

/** The engine. Rejects with UnsupportedError where there is no WebGPU. */
export function openEngine(): Promise<Engine> {
  if (opening !== null) return opening;
  const started = open();
  opening = started;
  const forget = (): void => {
    if (opening === started) opening = null;
  };
  void watch(started, forget);
  return started;
}

/** Tells the page when the engine's device is lost; `forget` lets the next call open another. */
async function watch(started: Promise<Engine>, forget: () => void): Promise<void> {
  try {
    const engine = await started;
    const { reason, message } = await engine.device.lost;
    losses++;
    engine.destroy();
    tell({ event: 'device-lost', message: message === '' ? reason : message });
  } catch {
    // Whoever waits for the engine sees why there is none.
  } finally {
    forget();
  }
}

/** Runs work again, once, on a new engine when the device is lost under it. */
export async function withEngine<Result>(work: (engine: Engine) => Promise<Result>): Promise<Result> {
  const engine = await openEngine();
  try {
    return await work(engine);
  } catch (error) {
    if (!(await isLost(engine))) throw error;
    return work(await openEngine());
  }
}

/** Whether an engine's device is gone. */
export async function isLost(engine: Engine): Promise<boolean> {
  const stillThere = Symbol('stillThere');
  // The loss may reach an operation before it reaches the promise.
  const wait = new Promise<symbol>((resolve) => setTimeout(() => resolve(stillThere), 100));
  return (await Promise.race([engine.device.lost, wait])) !== stillThere;
}
