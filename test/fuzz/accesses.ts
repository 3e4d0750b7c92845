/** Records which paths are read in this thread. To be called before the code that reads them is imported. */
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** Every path that was opened, listed or asked after since it was last emptied. */
export const accessed: string[] = [];

export function watchAccesses(): void {
  const watched =
    <Values extends unknown[], Result>(call: (...values: Values) => Result) =>
    (...values: Values): Result => {
      accessed.push(String(values[0]));
      return call(...values);
    };
  promises.readFile = watched(promises.readFile) as typeof promises.readFile;
  promises.readdir = watched(promises.readdir) as typeof promises.readdir;
  promises.access = watched(promises.access);
  promises.open = watched(promises.open);
  promises.stat = watched(promises.stat) as typeof promises.stat;
  syncBuiltinESMExports();
}
