import { CalmError } from '../src/runtime/errors.ts';

/** What the commonest errors of a file system mean. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of this path is a file, wanted a folder',
  EISDIR: 'this is a folder, wanted a file',
  EEXIST: 'there is something of that name already',
  EACCES: 'not allowed (no permission)',
  EPERM: 'not allowed (no permission)',
  EROFS: 'cannot be written: the disk is read-only',
  ENOSPC: 'cannot be written: the disk is full',
};

/** What an error says to people: our own ones, and those of the file system. Null for any other, which is a bug and should keep its stack. */
export function errorMessage(error: unknown): string | null {
  if (error instanceof CalmError) return error.message;
  if (!(error instanceof Error && 'syscall' in error)) return null;
  // Of a rename `path` is a file of ours beside the one that was asked for.
  const { code, path, dest = path } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const reason = REASONS[code ?? ''];
  return reason === undefined || dest === undefined ? error.message : `${dest}: ${reason}`;
}
