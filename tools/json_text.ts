/** JSON as commands print it: a number that JSON cannot say is the text NaN, Infinity or -Infinity, where JSON.stringify would say null. */
export function jsonText(value: unknown): string {
  return JSON.stringify(
    value,
    (_, item: unknown) => (typeof item === 'number' && !Number.isFinite(item) ? String(item) : item),
    2,
  );
}
