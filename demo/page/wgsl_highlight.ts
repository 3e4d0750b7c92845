/** WGSL with its comments, keywords and attributes set apart: enough to read by. */
import { make } from './dom.ts';

const TOKENS =
  /(?<comment>\/\/[^\n]*)|(?<attribute>@\w+)|\b(?<word>fn|var|let|const|override|struct|alias|return|if|else|for|while|loop|break|continue|switch|case|default|enable|diagnostic|requires)\b/g;

/** The source as text nodes and spans. */
export function highlighted(source: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let last = 0;
  for (const match of source.matchAll(TOKENS)) {
    const kind = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0] ?? 'word';
    parts.push(source.slice(last, match.index), make('span', { class: kind }, match[0]));
    last = match.index + match[0].length;
  }
  parts.push(source.slice(last));
  return parts;
}
