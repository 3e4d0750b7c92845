import { afterAll, beforeAll, expect, test } from 'vitest';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { errorMessage } from '../../tools/error_message.ts';
import { join } from 'node:path';
import { makeOutFolder } from '../../tools/out_folder.ts';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { picturePaths } from '../../tools/explain/images.ts';
import { tmpdir } from 'node:os';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'errors-'));
  await mkdir(join(home, 'folder'));
  await writeFile(join(home, 'file'), '');
});
afterAll(() => rm(home, { recursive: true }));

/** What people are told of a promise's error. */
const told = (promise: Promise<unknown>): Promise<string | null> =>
  promise.then(
    () => 'nothing went wrong',
    (error: unknown) => errorMessage(error),
  );

test('errors of the file system name the path that was asked for, and say what is wrong with it', async () => {
  const [file, folder, nothing] = ['file', 'folder', 'nothing'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  expect(await told(readFile(nothing))).toBe(`${nothing}: there is no such file or folder`);
  expect(await told(readFile(join(file, 'x')))).toBe(
    `${join(file, 'x')}: a part of this path is a file, wanted a folder`,
  );
  // It is written beside the target, and then renamed.
  expect(await told(writeFileAtomically(folder, 'text'))).toBe(`${folder}: this is a folder, wanted a file`);
  expect(await told(makeOutFolder(file))).toContain(`--out: ${file} is no folder`);
});

test('our own errors speak for themselves; a bug has no message but its stack', () => {
  expect(errorMessage(new ArgumentError('wanted a bird'))).toBe('wanted a bird');
  expect(errorMessage(new TypeError('x is undefined'))).toBeNull();
});

test('a folder stands for the pictures in it, by name', async () => {
  const folder = join(home, 'pictures');
  await mkdir(join(folder, 'below'), { recursive: true });
  for (const name of ['b.JPG', 'a.png', 'notes.txt', '.hidden.png', 'below/c.png'])
    await writeFile(join(folder, name), '');
  expect(await picturePaths(['x.png', folder])).toEqual([
    'x.png',
    join(folder, 'a.png'),
    join(folder, 'b.JPG'),
  ]);
  await expect(picturePaths([join(home, 'folder')])).rejects.toThrow('there is no .png, .jpg or .jpeg');
});
