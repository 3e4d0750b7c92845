// Writes test/fixtures/end_to_end/batches.json anew: when the loader's random streams have changed, or the setting. Then run make.py there.
import { BATCHES_FILE, plannedBatches, SETTING, writePictures } from './end_to_end_setting.ts';
import { join } from 'node:path';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const folder = await mkdtemp(join(tmpdir(), 'calm-pictures-'));
try {
  await writePictures(folder);
  const content = { setting: SETTING, batches: await plannedBatches(folder) };
  await writeFile(BATCHES_FILE, `${JSON.stringify(content, null, 1)}\n`);
} finally {
  await rm(folder, { recursive: true });
}
