/** The one kept training run, in IndexedDB: it outlives a lost device, a crashed tab and a closed browser. */

const DATABASE = 'calm-webgpu';
const STORE = 'training';
const KEY = 'last';

/** What is kept: a checkpoint, and when. */
export interface Snapshot {
  readonly checkpoint: Uint8Array;
  /** Milliseconds since 1970. */
  readonly saved: number;
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB failed')));
  });
}

async function withStore<Result>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(STORE));
  const database = await settled(opening);
  try {
    const transaction = database.transaction(STORE, mode);
    const done = new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('IndexedDB failed')));
    });
    const result = await settled(work(transaction.objectStore(STORE)));
    await done;
    return result;
  } finally {
    database.close();
  }
}

/** Null where nothing is kept, or the browser keeps nothing (private windows). */
export async function readSnapshot(): Promise<Snapshot | null> {
  try {
    const found: unknown = await withStore('readonly', (store) => store.get(KEY));
    return (found as Snapshot | undefined) ?? null;
  } catch {
    return null;
  }
}

/** Whether it was kept. */
export async function writeSnapshot(snapshot: Snapshot): Promise<boolean> {
  try {
    await withStore('readwrite', (store) => store.put(snapshot, KEY));
    return true;
  } catch {
    return false;
  }
}

export async function deleteSnapshot(): Promise<void> {
  try {
    await withStore('readwrite', (store) => store.delete(KEY));
  } catch {
    // What cannot be kept need not be deleted.
  }
}
