/** The rows of a report as a table on stdout. */

import type { Row } from './measure.ts';

const columns = ['what', 'ours', 'peer', 'ratio', 'goal'] as const;

function line(row: Record<(typeof columns)[number], string>, widths: readonly number[]): string {
  return columns
    .map((column, i) => row[column].padEnd(widths[i] ?? 0))
    .join('  ')
    .trimEnd();
}

export function printTable(rows: readonly Row[]): void {
  const head = { what: 'what', ours: 'ferry', peer: 'peer', ratio: 'ratio', goal: 'goal' };
  const widths = columns.map((column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  process.stdout.write(`\n${[head, ...rows].map((row) => line(row, widths)).join('\n')}\n`);
}
