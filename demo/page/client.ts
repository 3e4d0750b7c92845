/** The page's side of the line to the worker. */
import type { CallMessage, CallName, Calls, Failure, WorkerEvent, WorkerMessage } from '../protocol.ts';

/** A call that failed, as the worker tells it. */
export class CallError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

interface Pending {
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: CallError) => void;
}

type EventName = WorkerEvent['event'];
type EventOf<Name extends EventName> = Extract<WorkerEvent, { event: Name }>;
type Listener = (event: WorkerEvent) => void;

/** What is shown of work under way. */
export interface Working {
  readonly text: string;
  readonly share: number | null;
}

/** Work is only spoken of once it has taken so long. */
const SILENT_MILLISECONDS = 400;

/** Calls to the worker; when that dies, everything pending fails and the next call starts another. */
export class Client {
  #worker: Worker | null = null;
  #next = 1;
  readonly #pending = new Map<number, Pending>();
  readonly #progress = new Map<number, Working>();
  readonly #listeners = new Map<EventName, Listener[]>();
  /** Why no worker can be started: one that ends before it has said anything would do so again. */
  #broken: Failure | null = null;
  #hasSpoken = false;
  readonly #onWorking: (working: Working | null) => void;

  /** `onWorking` is told what is being done, for whatever takes its time; null when nothing is. */
  constructor(onWorking: (working: Working | null) => void) {
    this.#onWorking = onWorking;
  }

  on<Name extends EventName>(name: Name, listener: (event: EventOf<Name>) => void): void {
    const list = this.#listeners.get(name) ?? [];
    list.push(listener as Listener);
    this.#listeners.set(name, list);
  }

  /** Rejects with CallError. */
  call<Name extends CallName>(name: Name, request: Calls[Name]['request']): Promise<Calls[Name]['response']> {
    const id = this.#next++;
    const message: CallMessage = { id, name, request };
    return new Promise((resolve, reject) => {
      if (this.#broken !== null) {
        reject(new CallError(this.#broken));
        return;
      }
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.#open().postMessage(message, []);
    });
  }

  #open(): Worker {
    if (this.#worker !== null) return this.#worker;
    this.#hasSpoken = false;
    const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }) => this.#receive(data as WorkerMessage));
    const die = (reason: string): void => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      worker.terminate();
      const isBroken = !this.#hasSpoken;
      const failure: Failure = {
        kind: isBroken ? 'bug' : 'device-lost',
        message: isBroken
          ? `The page's computing part cannot be started${reason === '' ? '' : ` (${reason})`}. Reload the page.`
          : `The page's computing part has ended${reason === '' ? '' : ` (${reason})`}.`,
      };
      if (isBroken) this.#broken = failure;
      for (const { reject } of this.#pending.values()) reject(new CallError(failure));
      this.#pending.clear();
      this.#progress.clear();
      this.#onWorking(null);
      if (!isBroken) this.#emit({ event: 'worker-ended', message: failure.message });
    };
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      die(event.message ?? '');
    });
    worker.addEventListener('messageerror', () => die('a message could not be read'));
    this.#worker = worker;
    return worker;
  }

  #receive(message: WorkerMessage): void {
    this.#hasSpoken = true;
    if (message.event === 'progress') {
      this.#tellProgress(message.id, { text: message.text, share: message.share });
      return;
    }
    if (message.event !== 'response' && message.event !== 'failure') {
      this.#emit(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#progress.delete(message.id)) this.#onWorking([...this.#progress.values()].at(-1) ?? null);
    if (message.event === 'response') pending?.resolve(message.response);
    else pending?.reject(new CallError(message.failure));
  }

  #tellProgress(id: number, working: Working): void {
    const isNew = !this.#progress.has(id);
    this.#progress.set(id, working);
    const show = (): void => {
      const now = this.#progress.get(id);
      if (now !== undefined) this.#onWorking(now);
    };
    if (isNew) setTimeout(show, SILENT_MILLISECONDS);
    else show();
  }

  #emit(event: WorkerEvent): void {
    for (const listener of this.#listeners.get(event.event) ?? []) listener(event);
  }
}
