// Builds the page of demo/ into demo/dist and serves it on this machine.
//   npm run demo [-- --port 8080]      npm run demo:build
import { buildPage } from './demo/build_page.ts';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serveFolder } from './demo/serve_folder.ts';

const { values } = parseArgs({
  options: {
    'build-only': { type: 'boolean', default: false },
    port: { type: 'string', default: '8080' },
  },
});

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
if (values['build-only']) {
  console.log(`Built: ${out}, static files for any server.`);
} else {
  try {
    const { url } = await serveFolder(out, Number(values.port));
    endWithNpm();
    console.log(`The page is at ${url} (Ctrl-C ends).`);
  } catch (error) {
    console.error(
      `Port ${values.port} cannot be used (${String(error)}); choose another: npm run demo -- --port 8081`,
    );
    process.exitCode = 1;
  }
}
