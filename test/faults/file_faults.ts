// Preloaded (`node --import`) into a process whose files are to fail. FILE_FAULT is KIND:N, FILE_FAULT_FOLDER the folder concerned: at
// the Nth call that changes something in it, counted from 1, the process is
//   kill       killed, a write half done
//   full       told that the disk is full, a write half done, from then on
//   read-only  told that the file system is read-only, from then on
//   stall      kept waiting for ever, a write half done, which it says on stderr; at calls that it waits for
import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { sep } from 'node:path';
import { syncBuiltinESMExports } from 'node:module';

const [kind = '', at = ''] = (process.env['FILE_FAULT'] ?? '').split(':');
const folder = `${process.env['FILE_FAULT_FOLDER'] ?? ''}${sep}`;
const ERRORS = { full: 'ENOSPC', 'read-only': 'EROFS' } as const;
let calls = 0;

const isWithin = (path: unknown): boolean => typeof path === 'string' && path.startsWith(folder);

function failure(call: string, path: string): Error {
  const code = kind === 'full' ? ERRORS.full : ERRORS['read-only'];
  const what = kind === 'full' ? 'no space left on device' : 'read-only file system';
  return Object.assign(new Error(`${code}: ${what}, ${call} '${path}'`), { code, syscall: call, path });
}

/** To be called before each call; throws, or ends the process, when its turn has come. */
function strike(call: string, path: string, half: () => void = () => undefined): void {
  calls++;
  if (kind === 'count' || kind === 'stall' || calls < Number(at)) return;
  // What is there can be read, and on a full disk be renamed and removed.
  if (kind === 'full' && !['write', 'open'].includes(call)) return;
  if (kind !== 'read-only') half();
  if (kind === 'kill') process.kill(process.pid, 'SIGKILL');
  throw failure(call, path);
}

/** The same before a call that can be waited for. */
async function strikeOrStall(call: string, path: string, half: () => void = () => undefined): Promise<void> {
  strike(call, path, half);
  if (kind !== 'stall' || calls < Number(at)) return;
  half();
  console.error(`stalled: ${call}`);
  await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
}

const firstHalf = (data: unknown): Uint8Array => {
  const bytes =
    typeof data === 'string' ? Buffer.from(data) : data instanceof Uint8Array ? data : Buffer.of();
  return bytes.subarray(0, Math.floor(bytes.length / 2));
};

// appendFileSync calls it, with its flag.
const { writeFileSync } = fs;
fs.writeFileSync = (path, data, options) => {
  if (isWithin(path)) strike('write', String(path), () => writeFileSync(path, firstHalf(data), options));
  writeFileSync(path, data, options);
};

const { open, rename, rm } = fs.promises;
fs.promises.rename = async (from, to) => {
  if (isWithin(from)) await strikeOrStall('rename', String(from));
  await rename(from, to);
};
fs.promises.rm = async (path, options) => {
  if (isWithin(path)) await strikeOrStall('rm', String(path));
  await rm(path, options);
};
fs.promises.open = async (path, flags, mode) => {
  const writes = isWithin(path) && typeof flags === 'string' && flags !== 'r';
  if (writes) await strikeOrStall('open', String(path));
  const file = await open(path, flags, mode);
  return writes ? failing(file, String(path)) : file;
};

/** A file whose write and sync may fail. */
function failing(file: FileHandle, path: string): FileHandle {
  const writeFile = file.writeFile.bind(file);
  const sync = file.sync.bind(file);
  file.writeFile = async (data, options) => {
    await strikeOrStall('write', path, () => fs.writeSync(file.fd, firstHalf(data)));
    await writeFile(data, options);
  };
  file.sync = async () => {
    await strikeOrStall('fsync', path);
    await sync();
  };
  return file;
}

syncBuiltinESMExports();
if (kind === 'count') process.on('exit', () => console.error(`file calls: ${calls}`));
