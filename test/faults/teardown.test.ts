import { expect, test } from 'vitest';
import { ENDINGS, endProcess } from '../../tools/soak/endings.ts';

test.each(ENDINGS)('a process ends by itself and with its code: $name', async ({ name, code, signal }) => {
  const ended = await endProcess(name);
  expect(ended, ended.output).toMatchObject({ code, signal });
});
