/** Damages JSON so that it stays JSON: values of other kinds, keys that mean something to JavaScript, nesting, names given twice. */
import type { Random } from './chance.ts';
import { mutateMany } from './bytes.ts';
import { EDGES, pick } from './chance.ts';

const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'length', '', '../../x', 'k'.repeat(3000)];

const deep = (depth: number): unknown => {
  let value: unknown = 0;
  for (let left = depth; left > 0; left -= 1) value = left % 2 === 0 ? [value] : { a: value };
  return value;
};

function hostile(random: Random): unknown {
  switch (random(14)) {
    case 0:
      return null;
    case 1:
      return random(2) === 0;
    case 2:
      return Number(pick(random, EDGES)) * (random(2) === 0 ? 1 : -1);
    case 3:
      return pick(random, [0.5, 1e308, 5e-324, -0, 1e21]);
    case 4:
      return '';
    case 5:
      return 'x'.repeat(random(5000));
    case 6:
      return pick(random, [
        '../../etc/passwd',
        '/etc/passwd',
        '\0',
        '1',
        'true',
        '__proto__',
        '\u{1f426}\ud800',
      ]);
    case 7:
      return [];
    case 8:
      return {};
    case 9:
      return Object.fromEntries([['__proto__', { polluted: true }]]);
    case 10:
      return { constructor: { prototype: { polluted: true } } };
    case 11:
      return deep(random(2000));
    case 12:
      return Array.from({ length: random(500) }, (_, index) => index);
    default:
      return random(100) - 10;
  }
}

/** One damage to a value that JSON has. */
export function mutateJson(value: unknown, random: Random): unknown {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length === 0 || random(8) === 0) return hostile(random);
  const at = random(entries.length);
  const [key, item] = entries[at] ?? ['', null];
  switch (random(8)) {
    case 0:
      entries.splice(at, 1);
      break;
    case 1:
      entries[at] = [pick(random, KEYS), item];
      break;
    case 2:
      entries.push([pick(random, KEYS), hostile(random)]);
      break;
    default:
      entries[at] = [key, mutateJson(item, random)];
  }
  return Array.isArray(value) ? entries.map(([, kept]) => kept) : Object.fromEntries(entries);
}

/** JSON of a damaged value; now and then its text is damaged too, or has a name twice. */
export function mutateJsonText(value: unknown, random: Random): Uint8Array {
  let damaged = value;
  for (let left = 1 + random(3); left > 0; left -= 1) damaged = mutateJson(damaged, random);
  let text = JSON.stringify(damaged);
  if (random(10) === 0) text = text.replace('{', '{"__proto__":{"polluted":1},');
  const bytes = new TextEncoder().encode(text);
  return random(6) === 0 ? mutateMany(bytes, random, bytes) : bytes;
}
