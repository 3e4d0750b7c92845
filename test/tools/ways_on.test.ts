import type { NonFiniteOrigin } from '../../src/train/non_finite.ts';
import { DeviceLostError, OutOfMemoryError } from '../../src/runtime/errors.ts';
import { expect, test } from 'vitest';
import { ImageDecodeError } from '../../src/data/image.ts';
import { Interruption } from '../../tools/training/interruption.ts';
import { NonFiniteError, SkippedEpochError, untraced } from '../../src/train/non_finite.ts';
import { runConfiguration } from './run_configuration.ts';
import { waysOn } from '../../tools/training/ways_on.ts';

const stopped = (...given: readonly string[]) => ({
  folder: '/runs/a b',
  saved: 'epoch 3',
  processes: 1,
  configuration: runConfiguration(['--data', 'x', '--out', '/runs/a b', ...given]),
});

function notFinite(origin: Partial<NonFiniteOrigin>): NonFiniteError {
  const where = { epoch: 4, step: 1, loss: NaN, origin: { ...untraced(''), ...origin } };
  return new NonFiniteError(where, '');
}
const fromABatch = notFinite({ pass: 'forward', operation: 'conv2d' });

test('what has been saved is told with the command that carries on; where nothing has, nothing is told', () => {
  const command = "  npx calm train --resume --out '/runs/a b'";
  expect(waysOn(new Interruption(130), stopped())).toEqual(['saved after epoch 3; carry on with:', command]);
  const lost = new DeviceLostError('gone');
  expect(waysOn(lost, stopped())).toEqual(['stopped; saved after epoch 3; carry on with:', command]);
  for (const error of [lost, new OutOfMemoryError('none')])
    expect(waysOn(error, { ...stopped(), saved: null })).toEqual([]);
  expect(waysOn(lost, { ...stopped(), processes: 4 })[1]).toContain(
    '  mpirun -n 4 node_modules/.bin/calm train --resume --out ',
  );
});

test.each([
  ['a batch that is not finite', fromABatch, [], ['--lr 0.003', '--on-nan skip', '--lr 0.003']],
  ['such a one after others', fromABatch, ['--on-nan', 'skip'], ['--lr 0.003', '--lr 0.003']],
  ['a weight that is not', notFinite({ pass: 'weights' }), [], []],
  ['an update that made one so', notFinite({ pass: 'update' }), ['--lr', '1e-7'], ['--lr 3e-8', '--lr 3e-8']],
  ['an epoch of nothing else', new SkippedEpochError('all'), ['--on-nan', 'skip'], ['--config']],
  ['a picture', new ImageDecodeError('no PNG'), [], ['--on-bad-image skip']],
  ['memory', new OutOfMemoryError('none'), [], ['--recompute']],
  ['memory, in spite of that', new OutOfMemoryError('none'), ['--recompute'], ['--resume']],
] as const)('%s: other options where the same ones would end alike', (_, error, given, options) => {
  const [words = '', ...commands] = waysOn(error, stopped(...given));
  expect(commands).toHaveLength(options.length);
  for (const [place, option] of options.entries()) expect(commands[place]).toContain(` ${option} `);
  expect(words.split(', or ')).toHaveLength(Math.max(1, options.length));
});

test('several processes cannot leave a batch out; a run that was not saved begins anew under its own name', () => {
  expect(waysOn(fromABatch, { ...stopped(), processes: 2 }).join()).not.toContain('--on-nan');
  expect(waysOn(fromABatch, { ...stopped(), saved: null })).toEqual([
    'stopped; nothing was saved before; begin anew with a lower learning rate, or without such batches:',
    "  npx calm train --resume --lr 0.003 --out '/runs/a b'",
    "  npx calm train --resume --on-nan skip --out '/runs/a b'",
  ]);
});
