/** The declarations that `specialise` rewrites by their exact text: one a line, as the generator read them. */
const REWRITABLE = /^const [A-Z][A-Z0-9_]*: (?:f32|u32|i32) = -?[0-9][0-9.e+-]*[fui]?;/;

/** Characters that never join with a neighbour into another token. */
const SEPARATORS = new Set('(){}[],;:@');

const isWord = (character: string): boolean => /[A-Za-z0-9_.]/.test(character);

/**
 * Whether a blank between two characters is all that keeps two tokens apart: words, or operators such as the two minus
 * signs of `a - -b`. A dot counts as part of a word: `1. x` is not `1.x`.
 */
function keepsApart(before: string, after: string): boolean {
  if (before === '' || after === '' || SEPARATORS.has(before) || SEPARATORS.has(after)) return false;
  return isWord(before) === isWord(after);
}

/**
 * The same program in fewer characters: without comments and without the blanks that separate nothing. Module constants that a launch
 * may override keep their line, and nothing is renamed, so that compiler messages still speak the kernel's language.
 */
export function minifyWgsl(source: string): string {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, ' ').replaceAll(/\/\/[^\n]*/g, '');
  let result = '';
  let pending = false;
  for (const line of code.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    if (REWRITABLE.test(trimmed) && REWRITABLE.exec(trimmed)?.[0] === trimmed) {
      result += `${result === '' || result.endsWith('\n') ? '' : '\n'}${trimmed}\n`;
      pending = false;
      continue;
    }
    pending = true;
    for (const character of trimmed) {
      if (/\s/.test(character)) {
        pending = true;
        continue;
      }
      const before = result.endsWith('\n') ? '' : result.slice(-1);
      if (pending && keepsApart(before, character)) result += ' ';
      result += character;
      pending = false;
    }
  }
  return result;
}
