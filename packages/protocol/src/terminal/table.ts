/** Columns of text for people, as both programs' commands print them. Pure; main thread. */

/** One line for each row, its cells below the heads; nothing but the sentence when there are no rows. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  whenEmpty: string,
): string {
  if (rows.length === 0) return `${whenEmpty}\n`;
  const widths = heads.map((head, i) =>
    Math.max(...[head, ...rows.map((row) => row[i] ?? '')].map(lengthOf)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - lengthOf(cell)))
      .join('  ')
      .trimEnd();
  return `${[heads, ...rows].map(line).join('\n')}\n`;
}

function lengthOf(cell: string): number {
  return [...cell].length;
}

/** A day, for lists. */
export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** A day and the time, to the minute and in UTC, for what ends soon. */
export function minute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
