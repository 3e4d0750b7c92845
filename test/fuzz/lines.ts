/** Damages lists of a line a thing: fields that are paths out of the folder, numbers out of range, lines twice, missing or endless. */
import type { Random } from './chance.ts';
import { mutateMany } from './bytes.ts';
import { pick } from './chance.ts';

const FIELDS = [
  ...[
    '../../etc/passwd',
    '/etc/passwd',
    'C:\\windows',
    'a/../../b',
    'images/../..',
    '..',
    '.',
    '//',
    '\\..\\x',
  ],
  ...['__proto__', 'constructor', 'toString', 'prototype'],
  ...[
    '-1',
    '0',
    '1',
    '0.5',
    '1e9',
    '4294967294',
    '4294967295',
    '4294967296',
    '9007199254740993',
    '1e400',
    '0x10',
  ],
  ...['NaN', 'Infinity', '-Infinity', '', ' ', '\0', 'a\0b', '\uFEFF', '\u2028', '\r', '\t', '#', ','],
  'x'.repeat(3000),
];

/** One damage to a text whose lines have fields between separators. */
function mutateText(text: string, separator: string, random: Random): string {
  const lines = text.split('\n');
  const at = random(lines.length);
  const line = lines[at] ?? '';
  switch (random(12)) {
    case 0:
      lines.splice(at, 1);
      break;
    case 1:
      lines.splice(at, 0, line);
      break;
    case 2:
      lines.splice(random(lines.length), 0, line);
      break;
    case 3:
      return text.slice(0, random(text.length));
    case 4:
      return `${random(2) === 0 ? '\uFEFF' : ''}${lines.join('\r\n')}`;
    case 5:
      lines[at] = pick(random, FIELDS);
      break;
    case 6:
      // No line ends, or nothing but.
      return random(2) === 0 ? lines.join(separator) : '\n'.repeat(random(3000));
    case 7: {
      const bytes = new TextEncoder().encode(text);
      return new TextDecoder().decode(mutateMany(bytes, random, bytes));
    }
    default: {
      const fields = line.split(separator);
      const field = random(fields.length);
      const kind = random(5);
      if (kind === 0) fields.splice(field, 1);
      else if (kind === 1) fields.splice(field, 0, pick(random, FIELDS));
      else fields[field] = pick(random, FIELDS);
      lines[at] = fields.join(separator);
    }
  }
  return lines.join('\n');
}

/** A few damages, mostly one. */
export function mutateLines(text: string, separator: string, random: Random): string {
  let result = text;
  for (let left = random(3) === 0 ? 1 + random(4) : 1; left > 0; left -= 1)
    result = mutateText(result, separator, random);
  return result;
}
