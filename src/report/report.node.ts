/** Writes a report to disk. */
import { encodePng } from '../data/png/png.node.ts';
import { renderReport } from './html.ts';
import type { ReportData } from './report_data.ts';
import { writeFileAtomically } from '../runtime/atomic_file.node.ts';

/** Writes the page to `path`, all or nothing: a reader never sees half of it. */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  await writeFileAtomically(path, renderReport(data, encodePng));
}
