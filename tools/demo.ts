// Builds the page of demo/ into demo/dist and serves it on this machine.
//   npm run demo [-- --port 8080]      npm run demo:build
import { buildPage } from './demo/build_page.ts';
import { join } from 'node:path';
import { Command } from 'commander';
import { serveFolder } from './demo/serve_folder.ts';
import { wholeNumber } from './options.ts';

const values = new Command('npm run demo --')
  .description('Builds the page into demo/dist and serves it on this machine.')
  .option('--build-only', 'write the files and do nothing else (npm run demo:build)')
  .option('--port <number>', 'to serve it at', wholeNumber(0), 8080)
  .parse()
  .opts<{ readonly buildOnly?: true; readonly port: number }>();

/** A signal to npm ends the shell in between, which does not pass it on: without this the port would stay taken. */
function endWithNpm(): void {
  const parent = process.ppid;
  if (process.env['npm_lifecycle_event'] === undefined) return;
  setInterval(() => {
    if (process.ppid !== parent) process.exit();
  }, 500).unref();
}

const out = join(import.meta.dirname, '..', 'demo', 'dist');
await buildPage(out);
if (values.buildOnly === true) {
  console.log(`Built: ${out}, static files for any server.`);
} else {
  try {
    const { url } = await serveFolder(out, values.port);
    endWithNpm();
    console.log(`The page is at ${url} (Ctrl-C ends).`);
  } catch (error) {
    console.error(
      `Port ${values.port} cannot be used (${String(error)}); choose another: npm run demo -- --port 8081`,
    );
    process.exitCode = 1;
  }
}
