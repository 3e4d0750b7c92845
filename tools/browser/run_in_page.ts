import type { Browser } from 'playwright';
import { build } from 'esbuild';
import { createServer } from 'node:http';

/**
 * Runs TypeScript in a fresh page of its own origin and returns what its `run()` resolves to (as JSON can carry it).
 * @param source a module that exports `run`; its imports are relative to `folder`.
 */
export async function runInPage(browser: Browser, source: string, folder: string): Promise<unknown> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: folder, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'compared',
    platform: 'browser',
    target: 'es2023',
    logLevel: 'warning',
  });
  // WebGPU wants a secure origin; the loopback interface counts as one.
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>calm-webgpu</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const page = await browser.newPage();
  try {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    await page.goto(`http://127.0.0.1:${address.port}/`);
    await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
    return await page.evaluate('compared.run()');
  } finally {
    await page.close();
    server.close();
  }
}
