/** The model's figures as docs/SCALE.md shows them. Pure. */

import { busy, costsOf, type Size, wallsOf } from './model.ts';

const each = { sessionsOfEach: 1000, threadsOfEach: 2 } as const;
const sizes: readonly number[] = [1, 3, 10, 30, 100, 300, 1000];

export function growthTable(): string {
  const head = [
    'servers',
    'sessions',
    'said /s',
    'NATS gives out /s',
    'NATS nodes',
    'hearing, of a core',
    'who is here, per thread',
    'a start makes NATS send',
    'durable operations /s',
  ];
  const rows = sizes.map((servers) => rowOf({ servers, ...each }));
  const walls = wallsOf(each, busy).map(
    ({ what, servers, then }) => `| ${count(servers)} | ${what} | ${then} |`,
  );
  return [
    line(head),
    line(head.map(() => '---:')),
    ...rows.map(line),
    '',
    '| holds up to | then | what to do |',
    '| ---: | --- | --- |',
    ...walls,
  ].join('\n');
}

function rowOf(size: Size): readonly string[] {
  const { sessions, said, delivered, nodes, hearing, presenceMemory, askedBytes, appends } = costsOf(
    size,
    busy,
  );
  return [
    count(size.servers),
    count(sessions),
    count(said),
    count(delivered),
    String(nodes),
    `${(100 * hearing).toFixed(hearing < 0.1 ? 1 : 0)} %`,
    bytes(presenceMemory),
    bytes(askedBytes),
    count(appends),
  ];
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function bytes(value: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
  ] as const)
    if (value >= size) return `${(value / size).toFixed(value < 10 * size ? 1 : 0)} ${unit}`;
  return `${(value / 1e3).toFixed(0)} kB`;
}
