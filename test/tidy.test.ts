/** The habits of CONTRIBUTING.md and the arrows of docs/ARCHITECTURE.md, as far as a program can look after them. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.d.ts'));
const textOf = new Map(sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]));

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean };

/** Imports within a package are given as paths from the top, others as written. */
const imports: readonly Import[] = sources.flatMap((from) => {
  const text = textOf.get(from) ?? '';
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/g,
  );
  return [...found].map(([, type, stated, late]) => {
    const target = stated ?? late ?? '';
    const to = target.startsWith('.') ? normalize(join(dirname(from), target)) : target;
    return { from, to, typeOnly: type !== undefined };
  });
});

const within =
  (...folders: readonly string[]) =>
  (file: string): boolean =>
    folders.some((folder) => file.startsWith(folder));
const P = 'packages/protocol/src/';
const S = 'packages/server/src/';
const T = 'packages/tui/src/';

function forbid(
  why: string,
  from: (file: string) => boolean,
  to: (target: string) => boolean,
  also: { types?: boolean } = {},
): void {
  test(why, () => {
    assert.ok(sources.some(from), 'the rule speaks of files that exist');
    const broken = imports.filter(
      (one) => from(one.from) && to(one.to) && (also.types === true || !one.typeOnly),
    );
    assert.deepEqual(
      broken.map((one) => `${one.from} → ${one.to}`),
      [],
    );
  });
}

/** What of the server's screen is text and data; the rest is the terminal and what puts both together. */
const pureScreen = (file: string): boolean =>
  file.startsWith(`${S}screen/`) && !/\/(terminal-screen|watch)\.ts$/.test(file);

const waits = /^node:(?!buffer$|path$|util$|zlib$)/;

forbid(
  'protocol knows neither program',
  within(P),
  (to) => /^@ferry\/(server|tui)|packages\/(server|tui)/.test(to),
  { types: true },
);
forbid('the server does not know the client', within(S), (to) => /^@ferry\/tui|packages\/tui/.test(to), {
  types: true,
});
forbid(
  'the client does not know the server',
  within(T),
  (to) => /^@ferry\/server|packages\/server/.test(to),
  { types: true },
);
forbid('the server’s rows are text, and wait for nothing', pureScreen, (to) => waits.test(to));
forbid(
  'what is pure imports nothing that waits',
  within(
    `${P}wire/`,
    `${P}messages/`,
    `${T}state/`,
    `${T}keymap/`,
    `${T}view/rows/`,
    `${T}transfer/schedule.ts`,
    `${T}transfer/block-runs.ts`,
    `${T}transfer/conflict.ts`,
    `${T}transfer/timetable.ts`,
  ),
  (to) => waits.test(to),
);
forbid(
  'only the socket link opens sockets',
  (file) => file.startsWith(P) && file !== `${P}link/socket.ts` && file !== `${P}session/address.ts`,
  (to) => to === 'node:net' || to === 'node:tls',
);
forbid(
  'only disk/ touches files',
  (file) => file.startsWith(P) && !file.startsWith(`${P}disk/`),
  (to) => to === 'node:fs',
);
forbid(
  'only the view and the server’s screen know blessed',
  (file) => !file.startsWith(`${T}view/`) && file !== `${S}screen/terminal-screen.ts`,
  (to) => to.startsWith('blessed'),
  { types: true },
);
forbid('rows are text, not widgets', within(`${T}view/rows/`), (to) => to.startsWith('blessed'), {
  types: true,
});
forbid(
  'state knows neither engine nor view at work',
  within(`${T}state/`, `${T}keymap/`),
  (to) => /tui\/src\/(view|client|transfer(?!\/(conflict|timetable)\.ts)|effects|commands)\//.test(to),
  { types: true },
);
forbid(
  'client, transfer, queue and engine know no screen',
  within(`${T}client/`, `${T}transfer/`, `${T}queue/`, `${T}engine/`),
  (to) => /tui\/src\/(view|state|keymap|effects|commands)\//.test(to),
  { types: true },
);
forbid(
  'the queue’s file knows nobody who works on it, only what a job is',
  within(`${T}queue/`),
  (to) => /tui\/src\/(client|transfer(?!\/conflict\.ts)|engine(?!\/job\.ts))/.test(to),
  { types: true },
);
forbid(
  'commands know no screen',
  within(`${T}commands/`),
  (to) => /tui\/src\/(view|state|keymap|effects)\//.test(to),
  { types: true },
);
forbid(
  'the view decides nothing: it knows no engine at work',
  within(`${T}view/`),
  (to) => /tui\/src\/(client|transfer(?!\/(conflict|timetable)\.ts)|effects|commands)\//.test(to),
  { types: true },
);
forbid(
  'a server knows nothing of its screen, which is a process of its own',
  (file) => file.startsWith(S) && !file.startsWith(`${S}screen/`) && file !== `${S}owner/command-line.ts`,
  (to) => to.startsWith(`${S}screen/`),
  { types: true },
);
forbid('the screen knows of a server only what its socket tells', within(`${S}screen/`), (to) =>
  /server\/src\/(session|worker|storage|supervisor)\//.test(to),
);
forbid(
  'only storage/ names a concrete storage',
  (file) => file.startsWith(S) && !file.startsWith(`${S}storage/`),
  (to) => /storage\/(local|memory|s3)/.test(to),
);
forbid(
  'only one file knows the SDK of object storage, and whoever shares files elsewhere never loads it',
  (file) => file !== `${S}storage/s3/aws-bucket.ts`,
  (to) => /^@(aws-sdk|smithy)\//.test(to),
  { types: true },
);
test('the SDK of object storage is loaded when an address asks for it', () => {
  const way = ['aws-bucket', 'open-bucket'].map(
    (name) => new Set(imports.filter(({ to }) => to === `${S}storage/s3/${name}.ts`).map(({ from }) => from)),
  );
  assert.deepEqual(way, [
    new Set([`${S}storage/s3/open-bucket.ts`]),
    new Set([`${S}storage/open-shared.ts`]),
  ]);
  assert.match(textOf.get(`${S}storage/open-shared.ts`) ?? '', /await import\('\.\/s3\/open-bucket\.ts'\)/);
});
forbid(
  'storage knows no session and no thread',
  within(`${S}storage/`),
  (to) => /server\/src\/(session|worker|supervisor|access)\//.test(to),
  { types: true },
);

forbid(
  'the chat knows no session and no thread, and of the bus what it promises',
  within(`${S}chat/`),
  (to) => /server\/src\/(session|worker|supervisor|bus\/(?!bus\.ts))/.test(to),
  { types: true },
);

test('the packages for NATS are loaded only behind --bus', () => {
  const stated = (file: string): readonly string[] => {
    const found = (textOf.get(file) ?? '').matchAll(
      /(?:^|\n)(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?'([^']+)'/g,
    );
    return [...found].map(([, to = '']) => (to.startsWith('.') ? normalize(join(dirname(file), to)) : to));
  };
  const seen = new Set([
    `${S}command-line.ts`,
    `${S}serve.ts`,
    `${S}worker/worker.ts`,
    `${S}watching/watch-thread.ts`,
  ]);
  for (const file of seen) for (const to of stated(file)) seen.add(to);
  assert.ok(seen.size > 100, 'the rule sees what is loaded');
  assert.deepEqual(
    [...seen].filter((to) => to.startsWith('@nats-io')),
    [],
  );
});

test('what is pure looks at no clock and sets no timer', () => {
  const pure = within(
    `${P}wire/`,
    `${P}messages/`,
    `${T}state/`,
    `${T}keymap/`,
    `${T}view/rows/`,
    `${T}transfer/schedule.ts`,
    `${T}transfer/block-runs.ts`,
    `${T}transfer/conflict.ts`,
    `${T}transfer/timetable.ts`,
    `${T}transfer/progress.ts`,
  );
  const clock =
    /\bDate\.now\(|\bnew Date\(\)|performance\.now\(|\bset(?:Timeout|Interval|Immediate)\(|\bprocess\./;
  const broken = sources.filter(
    (file) => (pure(file) || pureScreen(file)) && clock.test(textOf.get(file) ?? ''),
  );
  assert.deepEqual(broken, []);
});

test('each screen is rendered in one place', () => {
  const calls = sources.flatMap((file) =>
    [...(textOf.get(file) ?? '').matchAll(/screen\.render\(/g)].map(() => file),
  );
  assert.deepEqual(new Set(calls), new Set([`${S}screen/terminal-screen.ts`, `${T}view/view.ts`]));
  assert.equal(calls.length, 2);
});

test('tags are off wherever a box is made', () => {
  const broken = sources.filter((file) => /tags:\s*true/.test(textOf.get(file) ?? ''));
  assert.deepEqual(broken, []);
});

test('sources erase: no enums, namespaces or parameter properties, and no any', () => {
  const broken = sources.filter((file) => {
    const text = (textOf.get(file) ?? '').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'/g, '');
    return /^\s*(?:export\s+)?(?:const\s+)?enum\s|^\s*(?:export\s+)?namespace\s|constructor\([^)]*\b(?:private|public|protected|readonly)\s|[:<]\s*any\b|\bas any\b/m.test(
      text,
    );
  });
  assert.deepEqual(broken, []);
});

test('every file opens with what it is, unless it only lists others', () => {
  const broken = sources.filter((file) => {
    const text = (textOf.get(file) ?? '').replace(/^#!.*\n/, '');
    const listsOnly = text.split('\n').every((line) => line === '' || /^export \* from|^import /.test(line));
    return !text.startsWith('/**') && !listsOnly;
  });
  assert.deepEqual(broken, []);
});

test('no file has outgrown its one thing', () => {
  const long = sources.filter((file) => (textOf.get(file) ?? '').split('\n').length > 400);
  assert.deepEqual(long, []);
});
