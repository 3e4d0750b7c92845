/** Levenshtein's distance: insertions, deletions and replacements that make one text of the other. */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** The name that somebody may have meant: of camelCase its kebab-case. Null when none is near: within a third of its letters. */
export function nearest(text: string, names: readonly string[]): string | null {
  // Near none, and long to compare.
  if (text.length > 64) return null;
  const kebab = text.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll(/[_\s]/g, '-');
  let best: string | null = null;
  let least = Infinity;
  for (const name of names) {
    const distance = editDistance(kebab, name);
    if (distance < least && distance <= Math.ceil(name.length / 3)) [best, least] = [name, distance];
  }
  return best;
}
