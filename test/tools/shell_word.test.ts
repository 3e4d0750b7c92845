import { expect, test } from 'vitest';
import { shellWord } from '../../tools/shell_word.ts';
import { spawnSync } from 'node:child_process';

test('a shell reads a word as what it was', () => {
  expect(shellWord('runs/cub-1_a.b')).toBe('runs/cub-1_a.b');
  expect(shellWord('my runs/1')).toBe("'my runs/1'");
  const words = ['a b', "it's", '"quoted"', '$HOME `x` \\', '*', '~', '-x', '', 'a\nb', 'Ü(1);&|'];
  const command = `printf '%s\\0' ${words.map(shellWord).join(' ')}`;
  const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  expect(stdout.split('\0').slice(0, -1)).toEqual(words);
});
