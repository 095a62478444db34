/** The scenarios of namespace.test.ts: `node namespace-child.ts SCENARIO FOLDER`, the answer as JSON on stdout. */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { epoch, FerryError, limits } from '@ferry/protocol';
import {
  copyTree,
  fetchPack,
  list,
  makeLink,
  mkdir,
  openRead,
  Root,
  type RootOpts,
  readLink,
  remove,
  removeTree,
  rename,
  type StagedFile,
  Staging,
  setFacts,
  space,
  stat,
  usageOf,
  Work,
} from '@ferry/protocol/disk';
import { path } from '../../support/scratch.ts';
import { contentOf, randomContent, specFor } from '../../support/staging.ts';

const [, , scenario = '', folder = ''] = process.argv;

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'done';
  } catch (error) {
    if (error instanceof FerryError) return error.codeName;
    throw error;
  }
}

const names = (root: Root): string[] =>
  [...list(root, [])]
    .flat()
    .map(({ name }) => name)
    .toSorted();

function crossing(): unknown {
  const withRoot = <T>(opts: RootOpts, use: (root: Root) => T): T => use(Root.open(folder, opts));
  return {
    ...withRoot({}, (root) => ({
      listed: names(root),
      stat: codeOf(() => stat(root, path('mount'))),
      list: codeOf(() => [...list(root, path('mount'))]),
      read: codeOf(() => openRead(root, path('mount/file'))),
      mkdir: codeOf(() => mkdir(root, path('mount/new'))),
      remove: codeOf(() => remove(root, path('mount/file'))),
      upload: codeOf(() => new Staging(root).create(specFor('mount/new', 0))),
      space: codeOf(() => space(root, path('mount'))),
      rename: codeOf(() => rename(root, path('mount/file'), path('out'))),
      'rename the mount': codeOf(() => rename(root, path('mount'), path('out'))),
      setFacts: codeOf(() => setFacts(root, path('mount'), { mode: 0o777, modified: epoch })),
      readLink: codeOf(() => readLink(root, path('mount/link'))),
      makeLink: codeOf(() => makeLink(root, path('mount/new'), 'x')),
      fetch: codeOf(() => [...fetchPack(root, path('mount'), path('file'))]),
      // One file of another file system, mounted over a file of this one.
      'read a mounted file': codeOf(() => openRead(root, path('mounted'))),
      'fetch a mounted file': codeOf(() => {
        for (const part of fetchPack(root, [], path('mounted'))) if (part instanceof FerryError) throw part;
      }),
      'stat a mounted file': codeOf(() => stat(root, path('mounted'))),
    })),
    ...withRoot({ oneFileSystem: false }, (root) => {
      writeFileSync(join(folder, 'file'), '');
      const renamed = codeOf(() => rename(root, path('file'), path('mount/other')));
      rmSync(join(folder, 'file'));
      return {
        'allowed: listed': names(root),
        'allowed: read': codeOf(() => openRead(root, path('mount/file')).close()),
        'allowed: rename': renamed,
        'allowed: upload': codeOf(() => new Staging(root).create(specFor('mount/new', 0))),
      };
    }),
  };
}

/** A tmpfs of 4 MiB: an upload of 3 is begun, another file takes most of the room, then that is removed again. */
function full(): unknown {
  const small = join(folder, 'small');
  const root = Root.open(small);
  const staging = new Staging(root);
  const tooLarge = codeOf(() => staging.create(specFor('x', space(root, []).free + 1)));
  const content = randomContent(3 * limits.blockBytes);
  const file = staging.create(specFor('file', content.bytes.length));
  writeFileSync(join(small, 'filler'), Buffer.alloc(2.5 * limits.blockBytes));
  const write = (i: number): void =>
    file.write(i, content.blocks[i] ?? Buffer.alloc(0), content.digests[i] ?? Buffer.alloc(0));
  const answers = content.blocks.map((_, i) => codeOf(() => write(i)));
  const visible = names(root);
  rmSync(join(small, 'filler'));
  const again = codeOf(() => {
    answers.forEach((answer, i) => {
      if (answer !== 'done') write(i);
    });
    file.commit(content.root);
  });
  return {
    tooLarge,
    blocksBeforeFull: answers.flatMap((answer, i) => (answer === 'done' ? [] : [i])),
    write: answers[1],
    visible,
    again,
    same: readFileSync(join(small, 'file')).equals(content.bytes),
    parts: readdirSync(join(small, '.ferry', 'part')),
  };
}

function commit(): unknown {
  const staging = new Staging(Root.open(folder));
  const content = contentOf(Buffer.from('content'));
  const file = staging.create(specFor('file', content.bytes.length));
  try {
    file.write(0, content.bytes, content.digests[0] ?? Buffer.alloc(0));
    return file.commit(content.root).durable ? 'done' : 'not durable';
  } catch (error) {
    file.discard();
    if (error instanceof FerryError) return error.codeName;
    throw error;
  }
}

const long = specFor('file', 70 * limits.blockBytes, { source: 'version' });
const zeros = contentOf(Buffer.alloc(long.size));

/** What is kept of a large file after `fail`, and of it open. */
async function kept(fail: (file: StagedFile) => Promise<string>): Promise<unknown> {
  const staging = new Staging(Root.open(folder));
  const file = staging.create(long);
  for (const [i, block] of zeros.blocks.entries()) file.write(i, block, zeros.digests[i] ?? Buffer.alloc(0));
  const answer = await fail(file);
  file.leave();
  const open = readdirSync('/proc/self/fd').flatMap((fd) => {
    const link = `/proc/self/fd/${fd}`;
    return existsSync(link) && /journal|part$/.test(readlinkSync(link)) ? [fd] : [];
  });
  const again = staging.reopen(long, 'resume');
  return { answer, open, left: readdirSync(join(folder, '.ferry/part')), resumes: again !== undefined };
}

/** The pool has one thread: what is asked of it later is done later. */
async function afterSync(): Promise<void> {
  await readFile('/proc/self/stat');
  await setImmediate();
}

function permissions(): unknown {
  const at = (name: string): string => join(folder, name);
  for (const name of ['fixed', 'closed']) mkdirSync(at(name));
  for (const name of ['file', 'fixed/file', 'closed/file']) writeFileSync(at(name), '');
  chmodSync(at('fixed/file'), 0);
  chmodSync(at('fixed'), 0o500);
  chmodSync(at('closed'), 0);
  const root = Root.open(folder);
  const answers = {
    mkdir: codeOf(() => mkdir(root, path('fixed/new'))),
    remove: codeOf(() => remove(root, path('fixed/file'))),
    'rename out': codeOf(() => rename(root, path('fixed/file'), path('out'))),
    'rename in': codeOf(() => rename(root, path('file'), path('fixed/in'))),
    upload: codeOf(() => new Staging(root).create(specFor('fixed/new', 0)).commit()),
    list: codeOf(() => [...list(root, path('closed'))]),
    read: codeOf(() => openRead(root, path('fixed/file'))),
    left: readdirSync(folder).sort(),
    parts: readdirSync(at('.ferry/part')),
    inside: readdirSync(at('fixed')),
    open: codeOf(() => Root.open(at('closed'))),
  };
  chmodSync(at('fixed'), 0o700);
  chmodSync(at('closed'), 0o700);
  return answers;
}

const told = (work: Work): string[] =>
  work
    .takeFailures()
    .map((one) => `${one.path.join('/')} ${one.error.codeName}`)
    .sort();

/** `a/mount` is another file system with a file, `a/mounted` one file of it. */
async function crossingTrees(): Promise<unknown> {
  const root = Root.open(folder);
  const staging = new Staging(root);
  const copying = new Work();
  await copyTree(staging, { from: path('a'), to: path('b'), existing: 'fail' }, copying);
  const counting = new Work();
  await usageOf(root, path('a'), counting, () => {});
  const removing = new Work();
  await removeTree(root, path('a'), removing);
  return {
    copied: readdirSync(join(folder, 'b')),
    'not copied': told(copying),
    counted: counting.files,
    'not removed': told(removing),
    left: readdirSync(join(folder, 'a')).sort(),
    inside: readdirSync(join(folder, 'a/mount')),
  };
}

/** Folders that their owner may not write to. */
async function readOnlyTrees(): Promise<unknown> {
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('a/sub'), { recursive: true });
  for (const name of ['a/file', 'a/sub/file', 'a/secret']) writeFileSync(at(name), 'x');
  chmodSync(at('a/secret'), 0);
  chmodSync(at('a/file'), 0o400);
  chmodSync(at('a/sub'), 0o500);
  chmodSync(at('a'), 0o500);
  utimesSync(at('a'), 1_600_000_000, 1_600_000_000);
  const root = Root.open(folder);
  const staging = new Staging(root);
  const copying = new Work();
  await copyTree(staging, { from: path('a'), to: path('b'), existing: 'fail' }, copying);
  const controller = new AbortController();
  const cancelled = new Work({ signal: controller.signal });
  let turns = 0;
  cancelled.turn = () => {
    turns += 1;
    if (turns > 5) controller.abort();
    cancelled.check();
    return undefined;
  };
  const again = copyTree(staging, { from: path('a'), to: path('c'), existing: 'fail' }, cancelled);
  const answer = await again.then(
    () => 'done',
    (error: FerryError) => error.codeName,
  );
  const modes = ['b', 'b/sub', 'b/file'].map((name) => statSync(at(name)).mode & 0o777);
  const modified = statSync(at('b')).mtimeMs === 1_600_000_000_000;
  const removing = new Work();
  await removeTree(root, path('b'), removing);
  for (const name of ['a', 'b', 'a/sub', 'b/sub']) chmodSync(at(name), 0o700);
  return {
    'not copied': told(copying),
    modes,
    modified,
    answer,
    turned: turns > 5,
    left: readdirSync(folder).sort(),
    parts: readdirSync(at('.ferry/part')),
    'not removed': told(removing),
  };
}

/** Each says so when the call has returned. */
function changeNames(): unknown {
  const root = Root.open(folder);
  mkdirSync(join(folder, 'other'));
  for (const name of ['moved', 'removed']) writeFileSync(join(folder, name), name);
  for (const [what, change] of [
    ['renamed', () => rename(root, path('moved'), path('other/moved'))],
    ['removed', () => remove(root, path('removed'))],
    ['made', () => mkdir(root, path('made'))],
  ] as const) {
    change();
    writeSync(2, what);
  }
  return 'done';
}

const scenarios: Record<string, () => unknown> = {
  'change names': changeNames,
  permissions,
  crossing,
  full,
  commit,
  'last sync': () => kept((file) => Promise.resolve(codeOf(() => file.commit(zeros.root)))),
  'early sync': () => kept((file) => afterSync().then(() => codeOf(() => file.rootDigest()))),
  'sync after leaving': () =>
    kept(async (file) => {
      file.leave();
      await afterSync();
      return 'left';
    }),
  'crossing trees': crossingTrees,
  'read-only trees': readOnlyTrees,
  open: () => codeOf(() => Root.open(folder)),
};
writeSync(1, JSON.stringify(await scenarios[scenario]?.()));
