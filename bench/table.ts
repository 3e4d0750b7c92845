/** A text for a terminal: control characters, which a stranger's file may have anywhere, are shown and not obeyed. */
export function visible(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Prints a line. */
export function printLine(text: string): void {
  console.log(visible(text));
}

/** Prints rows under a header with aligned columns: the first to the left, the others to the right. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [header, ...rows].map((line) => line.map(visible));
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines) {
    const cells = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    printLine(`  ${cells.join('  ').trimEnd()}`);
  }
}
