/** What a signal asks for: to stop between two steps. The reason of the abort. */
export class Interruption extends Error {
  override name = 'Interruption';
  /** 128 and the signal's number, as a shell reports it. */
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('interrupted');
    this.exitCode = exitCode;
  }
}

/**
 * Signals closer than this are one: on a terminal Ctrl-C reaches the whole process group, and npm hands it on to its child
 * besides.
 */
const ONE_PRESS_MILLISECONDS = 500;

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Turns the first Ctrl-C (or SIGTERM) into an abort, so that work ends in good order; the second ends the process at once. */
export function listenForInterruption(onInterruption: () => void): {
  readonly signal: AbortSignal;
  stop(): void;
} {
  const controller = new AbortController();
  let pressed = 0;
  const listeners = Object.entries(EXIT_CODES).map(([name, exitCode]) => {
    const listener = (): void => {
      if (controller.signal.aborted) {
        if (performance.now() - pressed > ONE_PRESS_MILLISECONDS) process.exit(exitCode);
        return;
      }
      pressed = performance.now();
      controller.abort(new Interruption(exitCode));
      onInterruption();
    };
    process.on(name, listener);
    return [name, listener] as const;
  });
  return {
    signal: controller.signal,
    stop() {
      // After an interruption the process is about to end with its own code: the press's echo must not end it with another.
      if (controller.signal.aborted) return;
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}

/**
 * For work that is not carried on from the middle: Ctrl-C or SIGTERM ends the process at once, after a line that says what of it is kept.
 * Returns what takes that back.
 */
export function tellInterruption(kept: () => string): () => void {
  const listeners = Object.entries(EXIT_CODES).map(([name, exitCode]) => {
    const listener = (): void => {
      console.error(`\ninterrupted; ${kept()}`);
      process.exit(exitCode);
    };
    process.once(name, listener);
    return [name, listener] as const;
  });
  return () => {
    for (const [name, listener] of listeners) process.off(name, listener);
  };
}
