/** Writes a report to disk. */
import { rename, writeFile } from 'node:fs/promises';
import { encodePng } from '../data/decode.node.ts';
import { renderReport } from './html.ts';
import type { ReportData } from './report_data.ts';

/** Writes the page to `path`, all or nothing: a reader never sees half of it. */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  const partial = `${path}.partial`;
  await writeFile(partial, renderReport(data, encodePng));
  await rename(partial, path);
}
