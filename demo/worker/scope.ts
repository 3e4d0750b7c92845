/** The worker's side of the line to the page. */
import type { WorkerMessage } from '../protocol.ts';

/** TypeScript knows either a page or a worker; of the latter this much is used. */
interface WorkerScope {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

export const scope = globalThis as unknown as WorkerScope;

/** Sends to the page; `transfer` changes hands without a copy. */
export function tell(message: WorkerMessage, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}

/** Progress of a call, for whatever takes over half a second. */
export type Progress = (text: string, share?: number | null) => void;
