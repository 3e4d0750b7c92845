import { expect, onTestFinished, test } from 'vitest';
import { join } from 'node:path';
import { once } from 'node:events';
import { spawn } from 'node:child_process';

const root = join(import.meta.dirname, '..', '..');

/** Whether a server answers there. */
const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

test.skipIf(process.platform === 'win32')(
  'npm run demo frees its port when npm and its shell are gone (left out on Windows, which has no parents to lose)',
  async () => {
    // As npm starts it: by a shell that does not pass signals on.
    const shell = spawn('sh', ['-c', `"${process.execPath}" tools/demo.ts --port 0; true`], {
      cwd: root,
      env: { ...process.env, npm_lifecycle_event: 'demo' },
      stdio: ['ignore', 'pipe', 'inherit'],
      // A process group of its own, which can be ended as one.
      detached: true,
    });
    onTestFinished(() => {
      try {
        if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
      } catch {
        // All gone, as it should be.
      }
    });
    let told = '';
    shell.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    await expect.poll(() => told, { timeout: 60_000 }).toContain('The page is at http://127.0.0.1:');
    const [url = ''] = /http:\S+/.exec(told) ?? [];
    expect(await answers(url)).toBe(true);
    const ended = once(shell, 'exit');
    shell.kill('SIGTERM');
    await ended;
    await expect.poll(() => answers(url), { timeout: 10_000 }).toBe(false);
  },
);
