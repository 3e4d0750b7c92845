#!/usr/bin/env node
// Starts the command line: calm.ts in a clone, what was built of it in an installed package (Node strips no types below
// node_modules). Plain JavaScript on purpose: an older Node must get through it, find the Node 24 that the package brings along, and hand over.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, fstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'calm.ts');
const program = existsSync(source) ? source : join(here, '..', 'dist', 'tools', 'calm.js');

endWithNpm();
if (process.features.typescript) {
  await import(pathToFileURL(program).href);
} else {
  const child = spawn(findNode(), [program, ...process.argv.slice(2)], { stdio: descriptors() });
  // Ctrl-C reaches the child by itself too, which takes both for one press; what is sent to this process alone must be handed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    // 128 + number, as a shell reports it.
    process.exitCode =
      code ?? 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 }[signal] ?? 0);
  });
}

/**
 * A signal to npx or npm alone ends the shell between us, which does not pass it on: training would go on with nobody to end it. Only where
 * that shell does nothing else than wait for us.
 */
function endWithNpm() {
  const script = process.env.npm_lifecycle_script ?? '';
  if (!/^(?:\S*node )?['"]?(?:\S*[/\\])?calm(?:\.mjs)?['"]?(?:\s[^&;|]*)?$/.test(script)) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

/** Those of every program, and the one through which MPICH's mpirun speaks to its ranks. */
function descriptors() {
  const usual = ['inherit', 'inherit', 'inherit'];
  const launcher = Number(process.env.PMI_FD);
  try {
    if (!(launcher > 2) || !fstatSync(launcher).isSocket()) return usual;
  } catch {
    return usual;
  }
  return Array.from(
    { length: launcher + 1 },
    (_, at) => usual[at] ?? (at === launcher ? 'inherit' : 'ignore'),
  );
}

function findNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`);
    return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  } catch {
    console.error(`calm needs Node 22.18 or later, this is ${process.version}.`);
    process.exit(1);
  }
}
