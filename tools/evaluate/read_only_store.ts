import { ResultStore } from './result_store.ts';

/** The results as processes see them that share a measurement and leave its files to the first one. */
export class ReadOnlyResultStore extends ResultStore {
  override keep(): Promise<void> {
    return Promise.resolve();
  }
}
