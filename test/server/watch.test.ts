/**
 * Watched folders on a server: who looks at one hears of each change once, whichever thread it is on, as far as it may; and what
 * happens when a thread dies, a client takes nothing, or the folder goes.
 */

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as later } from 'node:timers/promises';
import { type FolderNews, limits, type Path, showName } from '@ferry/protocol';
import { Work } from '@ferry/protocol/disk';
import {
  activity,
  list,
  mkdir,
  type Person,
  rename,
  type ServerEvent,
  unwatch,
  watch,
  who,
} from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import { pollMs } from '../../packages/protocol/src/disk/watch-timing.ts';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import type { Rights } from '../../packages/server/src/access/rights.ts';
import type { ToHub } from '../../packages/server/src/bus/parcel.ts';
import { ThreadBus } from '../../packages/server/src/bus/thread-bus.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import { MemoryStorage } from '../../packages/server/src/storage/memory.ts';
import { withNotices } from '../../packages/server/src/storage/with-notices.ts';
import { SessionWatches } from '../../packages/server/src/watching/session-watches.ts';
import { Touched } from '../../packages/server/src/watching/touched.ts';
import { WatchedFolders } from '../../packages/server/src/watching/watched-folders.ts';
import { type Tell, Watching } from '../../packages/server/src/watching/watching.ts';
import { logInto, newDevice } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { type Server, startServer, userEnv } from '../support/server.ts';
import { randomContent, specFor, writeAll } from '../support/staging.ts';
import { threadNet } from '../support/thread-bus.ts';

async function until(met: () => boolean): Promise<void> {
  while (!met()) await later(5);
}

/** `1 +a` a row, `1 -a` gone, `1 again`, `1 over CODE`. */
function words(id: number, news: FolderNews): readonly string[] {
  if (news.kind === 'over') return [`${id} over ${news.error.codeName}`];
  if (news.kind === 'again') return [`${id} again`];
  return [
    ...news.entries.map(({ name }) => `${id} +${showName(name)}`),
    ...news.gone.map((name) => `${id} -${showName(name)}`),
  ];
}

/** The threads of a server without its connections: a watching thread, and workers that are threads only to the bus. */
async function makeThreads(folder: string, workers: number, polls = false) {
  const net = threadNet();
  const notes: string[] = [];
  const log = (event: object): void => {
    notes.push(JSON.stringify(event));
  };
  const watching = new Watching({ folder, polls, hub: net.hub, log });
  const made = [];
  for (let i = 0; i < workers; i++) {
    const bus = await net.join();
    const tell: Tell = (key, id, answer) => setImmediate(() => folders.watched(key, id, answer));
    const folders: WatchedFolders = new WatchedFolders({
      bus,
      want: (key, id) => watching.want(tell, key, id),
      leave: (key) => watching.leave(tell, key),
    });
    made.push({ bus, folders, die: () => watching.gone(tell) });
  }
  return {
    net,
    watching,
    notes,
    workers: made,
    end: async () => {
      await watching.close();
      net.done();
    },
  };
}

const everything: Rights = { role: 'owner', rules: [] };

type Session = {
  readonly watches: SessionWatches;
  readonly heard: string[];
  /** The client takes nothing until it is released. */
  readonly hold: () => () => void;
};

function makeSession(
  folders: WatchedFolders,
  root: Path = [],
  rights: () => Rights = () => everything,
): Session {
  const heard: string[] = [];
  let held: PromiseWithResolvers<void> | undefined;
  const watches = new SessionWatches({
    folders,
    root,
    rights,
    send: (event) => {
      if (event.kind === 'folder') heard.push(...words(event.id, event.news));
    },
    writable: () => held === undefined,
    drained: () => held?.promise ?? Promise.resolve(),
  });
  return {
    watches,
    heard,
    hold: () => {
      held = Promise.withResolvers<void>();
      return () => {
        held?.resolve();
        held = undefined;
      };
    },
  };
}

describe('watching, thread by thread', () => {
  test('200 sessions on two threads watch 50 changing folders: every change is told to each exactly once', async (t) => {
    const dir = scratchFolder(t);
    const threads = await makeThreads(dir, 2);
    t.after(threads.end);
    const folders = Array.from({ length: 50 }, (_, i) => `f${i}`);
    for (const name of folders) mkdirSync(join(dir, name));
    const sessions = Array.from({ length: 200 }, (_, i) => {
      const { folders: own } = threads.workers[i % 2] as (typeof threads.workers)[number];
      return { ...makeSession(own), first: i };
    });
    const watchedBy = (first: number): readonly number[] =>
      Array.from({ length: limits.sessionWatches }, (_, i) => (first + 3 * i) % folders.length);
    for (const { watches, first } of sessions) {
      await Promise.all(watchedBy(first).map((at) => watches.watch(at + 1, path(folders[at] ?? ''))));
    }
    const rounds = 12;
    const all = (one: { heard: readonly string[] }): boolean =>
      one.heard.length >= limits.sessionWatches * rounds;
    for (let round = 0; round < rounds; round++) {
      for (const name of folders) writeFileSync(join(dir, name, `c${round}`), '');
      // Into other pieces of news, now and then.
      if (round % 4 === 3) await later(60);
    }
    const sinceMs = performance.now();
    await until(() => sessions.every(all));
    const tookMs = Math.round(performance.now() - sinceMs);
    let told = 0;
    for (const { heard, first } of sessions) {
      const wanted = watchedBy(first).flatMap((at) =>
        Array.from({ length: rounds }, (_, round) => `${at + 1} +c${round}`),
      );
      assert.deepEqual(heard.toSorted(), wanted.toSorted());
      told += heard.length;
    }
    t.diagnostic(
      `count: ${rounds * folders.length} changes in ${folders.length} folders told ${told} times to ${sessions.length} sessions, lost 0, twice 0; ms from the last change to the last telling: ${tookMs}`,
    );
    for (const { watches } of sessions) watches.end();
    assert.deepEqual(
      threads.workers.map((worker) => worker.folders.size),
      [0, 0],
    );
  });

  test('the watching thread dies: who watches lists again, and hears of what comes after', async (t) => {
    const dir = scratchFolder(t);
    const threads = await makeThreads(dir, 2);
    t.after(threads.end);
    const sessions = threads.workers.map(({ folders }) => makeSession(folders));
    for (const { watches } of sessions) assert.equal(await watches.watch(1, []), 0);
    threads.watching.crash();
    await until(() => sessions.every(({ heard }) => heard.includes('1 again')));
    writeFileSync(join(dir, 'after'), '');
    await until(() => sessions.every(({ heard }) => heard.includes('1 +after')));
    assert.ok(threads.notes.some((line) => line.includes('watches folders died')));
  });

  test('a worker dies: its wishes go with it, the others’ stay', async (t) => {
    const dir = scratchFolder(t);
    const threads = await makeThreads(dir, 2);
    t.after(threads.end);
    const [dying, staying] = threads.workers.map(({ folders }) => makeSession(folders));
    await Promise.all([dying?.watches.watch(1, []), staying?.watches.watch(1, [])]);
    const [worker] = threads.workers;
    worker?.die();
    if (worker !== undefined) threads.net.kill(worker.bus);
    writeFileSync(join(dir, 'after'), '');
    await until(() => staying?.heard.includes('1 +after') === true);
    assert.deepEqual(dying?.heard, []);
  });

  test('for a client that takes nothing nothing is kept; it lists again when it does', async (t) => {
    const dir = scratchFolder(t);
    const threads = await makeThreads(dir, 1);
    t.after(threads.end);
    const [worker] = threads.workers;
    assert.ok(worker);
    const [silent, lively] = [makeSession(worker.folders), makeSession(worker.folders)];
    for (const { watches } of [silent, lively]) await watches.watch(1, []);
    const release = silent.hold();
    for (const name of ['a', 'b', 'c']) {
      writeFileSync(join(dir, name), '');
      await until(() => lively.heard.includes(`1 +${name}`));
    }
    assert.deepEqual(silent.heard, []);
    release();
    await until(() => silent.heard.length > 0);
    assert.deepEqual(silent.heard, ['1 again']);
    writeFileSync(join(dir, 'd'), '');
    await until(() => silent.heard.includes('1 +d'));
  });

  test('where folders are only read now and then, what ferry changes itself is looked for at once', async (t) => {
    const dir = scratchFolder(t);
    mkdirSync(join(dir, 'in'));
    const threads = await makeThreads(dir, 1, true);
    t.after(threads.end);
    const [worker] = threads.workers;
    assert.ok(worker);
    const { watches, heard } = makeSession(worker.folders);
    assert.equal(await watches.watch(1, path('in')), pollMs);
    const touched = new Touched(worker.bus);
    const sinceMs = performance.now();
    for (let i = 0; i < 3; i++) {
      writeFileSync(join(dir, `in/${i}`), '');
      touched.add(path('in'));
      await until(() => heard.includes(`1 +${i}`));
    }
    t.diagnostic(`ms from a change to its telling: ${Math.round((performance.now() - sinceMs) / 3)}`);
    // Where it was too much to be named, all are looked at.
    writeFileSync(join(dir, 'in/last'), '');
    for (let i = 0; i <= 1000; i++) touched.add(path(`other${i}`));
    await until(() => heard.includes('1 +last'));
  });

  test('each verb of a storage says which folders it changes', async () => {
    const folders: string[] = [];
    const storage = withNotices(new MemoryStorage(), (folder) => folders.push(`/${folder.join('/')}`));
    const said = async (work: Promise<unknown>): Promise<string> => {
      folders.length = 0;
      await work.catch(() => {});
      return folders.join(' ');
    };
    assert.equal(await said(storage.mkdir(path('a'))), '/');
    assert.equal(await said(storage.mkdir(path('a/b'))), '/a');
    assert.equal(await said(storage.rename(path('a/b'), path('c'))), '/a /');
    assert.equal(await said(storage.setFacts(path('a/b'), { modified: { s: 1, ns: 0 }, mode: 0o700 })), '/a');
    assert.equal(await said(storage.makeLink(path('a/l'), 'x')), '/a');
    const content = randomContent(10);
    const upload = await storage.createUpload(specFor('a/f', 10));
    await writeAll(upload, content);
    assert.deepEqual(folders, ['/a'], 'nothing before it is there');
    assert.equal(await said(upload.commit(content.root)), '/a');
    const pack = { folder: path('a'), files: [], existing: 'fail' as const, again: false };
    assert.equal(await said(storage.storePack(pack)), '/a');
    const work = new Work();
    const graft = { from: path('a/f'), to: path('c/g'), existing: 'fail' as const };
    assert.equal(await said(storage.works.copy(graft, work)), '/c');
    assert.equal(await said(storage.works.move({ ...graft, to: path('c/h') }, work)), '/a /c');
    assert.equal(await said(storage.works.unpack({ archive: path('a/t'), to: path('c/u') }, work)), '/c');
    assert.equal(await said(storage.works.trash(path('c/g'), 'anna', work)), '/c');
    assert.equal(await said(storage.works.removeTree(path('a'), work)), '/');
    assert.equal(await said(storage.remove(path('c/h'))), '/c');
    assert.equal(await said(storage.stat(path('c'))), '');
  });

  test('a gap on the bus: who watches lists again', async () => {
    const asked: ToHub[] = [];
    const bus = new ThreadBus('alone', (parcel) => asked.push(parcel));
    const folders = new WatchedFolders({
      bus,
      want: (key, id) => folders.watched(key, id, { pollMs: 0 }),
      leave: () => {},
    });
    const { watches, heard } = makeSession(folders);
    await watches.watch(7, []);
    for (const parcel of asked) {
      if (parcel.what === 'subscribe') bus.receive({ what: 'subscribed', id: parcel.id });
    }
    bus.receive({ what: 'gap', subjects: 'all' });
    assert.deepEqual(heard, ['7 again']);
  });

  test('bounds: folders of a session, numbers in use, what is not there', async (t) => {
    const dir = scratchFolder(t);
    const threads = await makeThreads(dir, 1);
    t.after(threads.end);
    const { watches } = makeSession(threads.workers[0]?.folders as WatchedFolders);
    await assert.rejects(watches.watch(1, path('missing')), withCode('NOT_FOUND'));
    writeFileSync(join(dir, 'file'), '');
    await assert.rejects(watches.watch(1, path('file')), withCode('NOT_FOLDER'));
    for (let i = 1; i <= limits.sessionWatches; i++) await watches.watch(i, []);
    await assert.rejects(watches.watch(1, []), withCode('BAD_STATE'));
    await assert.rejects(watches.watch(99, []), withCode('LIMIT'));
    watches.unwatch(1);
    watches.unwatch(1);
    await watches.watch(99, []);
  });

  test('rows that the account may not see are not told, and what it may not list any more is over', async (t) => {
    const dir = scratchFolder(t);
    mkdirSync(join(dir, 'share/hidden'), { recursive: true });
    const threads = await makeThreads(dir, 1);
    t.after(threads.end);
    let rights: Rights = { role: 'reader', rules: [{ path: path('share/hidden'), rights: new Set() }] };
    const { watches, heard } = makeSession(
      threads.workers[0]?.folders as WatchedFolders,
      path('share'),
      () => rights,
    );
    await watches.watch(1, []);
    await assert.rejects(watches.watch(2, path('hidden')), withCode('NOT_FOUND'));
    renameSync(join(dir, 'share/hidden'), join(dir, 'share/shown'));
    await until(() => heard.length > 0);
    mkdirSync(join(dir, 'share/hidden'));
    writeFileSync(join(dir, 'share/x'), '');
    await until(() => heard.includes('1 +x'));
    assert.deepEqual(heard, ['1 +shown', '1 +x']);
    rights = { role: 'reader', rules: [] };
    watches.rightsChanged();
    assert.equal(heard.at(-1), '1 again');
    rights = { role: 'uploader', rules: [] };
    watches.rightsChanged();
    assert.equal(heard.at(-1), '1 over FORBIDDEN');
    writeFileSync(join(dir, 'share/y'), '');
    await assert.rejects(watches.watch(3, []), withCode('FORBIDDEN'));
    assert.equal(heard.at(-1), '1 over FORBIDDEN');
  });
});

describe('watching over the line', () => {
  const tidy: (() => void)[] = [];
  let server: Server;
  let dir: string;
  let accounts: Accounts;
  before(async () => {
    const afterwards = { after: (fn: () => void) => tidy.push(fn) };
    dir = scratchFolder(afterwards);
    server = await startServer(afterwards, {
      dir,
      args: ['--threads', '2', '--open'],
      env: { FERRY_TEST_CRASH: 'throw' },
    });
    accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    tidy.push(() => accounts.close());
  });
  after(() => {
    for (const one of tidy.toReversed()) one();
  });

  type Client = { readonly channel: ClientChannel; readonly heard: string[]; readonly events: ServerEvent[] };

  async function enter(as: Parameters<typeof logInto>[1] = {}): Promise<Client> {
    const heard: string[] = [];
    const events: ServerEvent[] = [];
    const onEvent = (event: ServerEvent): void => {
      events.push(event);
      if (event.kind === 'folder') heard.push(...words(event.id, event.news));
    };
    const { channel } = await logInto(server, as, { onEvent });
    return { channel, heard, events };
  }

  test('one renames, the other hears of it; what is listed behind a watch misses nothing; a folder that goes is over', async () => {
    const [anna, bob] = [await enter(), await enter()];
    await anna.channel.call(mkdir, { path: path('both') });
    await anna.channel.call(mkdir, { path: path('both/old') });
    const watched = bob.channel.call(watch, { id: 1, path: path('both') });
    const rows: string[] = [];
    const listed = bob.channel.call(
      list,
      { path: path('both') },
      { onPart: ({ entries }) => rows.push(...entries.map(({ name }) => showName(name))) },
    );
    assert.deepEqual(await watched, { pollMs: 0 });
    await listed;
    assert.deepEqual(rows, ['old']);
    await anna.channel.call(rename, { from: path('both/old'), to: path('both/new') });
    await until(() => bob.heard.includes('1 -old'));
    // Where the watch was not ready in a moment, what was listed meanwhile is listed again.
    const told = bob.heard.filter((one) => one !== '1 again');
    assert.deepEqual(told.toSorted(), ['1 +new', '1 -old']);
    const before = bob.heard.length;
    await bob.channel.call(unwatch, { id: 1 });
    await bob.channel.call(unwatch, { id: 1 });
    await bob.channel.call(watch, { id: 2, path: path('both') });
    rmSync(join(dir, 'both'), { recursive: true });
    await until(() => bob.heard.includes('2 over NOT_FOUND'));
    assert.equal(bob.heard.filter((one) => one.startsWith('1')).length, before);
    await assert.rejects(bob.channel.call(watch, { id: 3, path: path('both') }), withCode('NOT_FOUND'));
    for (const { channel } of [anna, bob]) channel.close();
  });

  test('rights that change are told, and hold for what is watched', async () => {
    const device = newDevice();
    accounts.add('carla', { ...newAccount, role: 'writer', root: [] }, Date.now());
    accounts.addDevice('carla', device.publicKey, 'test', Date.now());
    const carla = await enter({ device });
    await carla.channel.call(watch, { id: 1, path: [] });
    accounts.set('carla', { role: 'reader' });
    await until(() => carla.events.some((event) => event.kind === 'rights'));
    assert.deepEqual(carla.events[0], { kind: 'rights', readOnly: true });
    await until(() => carla.heard.includes('1 again'));
    accounts.set('carla', { role: 'uploader' });
    await until(() => carla.heard.includes('1 over FORBIDDEN'));
    assert.deepEqual(carla.events.filter((event) => event.kind === 'rights').at(-1), {
      kind: 'rights',
      readOnly: false,
    });
    carla.channel.close();
  });

  test('who is here is told on both threads, and so is what one shows', async () => {
    const [anna, bob] = [await enter(), await enter()];
    const people = async ({ channel }: Client): Promise<Person[]> => {
      const found: Person[] = [];
      await channel.call(who, {}, { onPart: ({ person }) => found.push(person) });
      return found;
    };
    await until(() => anna.channel.ended === undefined);
    while ((await people(anna)).length < 2) await later(5);
    const shown = { folder: path('a'), moving: [], movingCount: 0 };
    await bob.channel.call(activity, { activity: shown });
    await until(() => anna.events.some((event) => event.kind === 'presence'));
    while ((await people(anna)).every((one) => one.activity === undefined)) await later(5);
    const [his] = (await people(anna)).filter(({ isSelf }) => !isSelf);
    assert.deepEqual([his?.user, his?.client, his?.activity], ['guest', 'test 1', shown]);
    bob.channel.close();
    await until(() => anna.events.some((event) => event.kind === 'presence' && event.here === 1));
    anna.channel.close();
  });

  test('a worker is killed: those of the other one go on hearing', async () => {
    const clients = [await enter(), await enter(), await enter(), await enter()];
    await Promise.all(clients.map(({ channel }, i) => channel.call(watch, { id: i + 1, path: [] })));
    server.signal('SIGUSR2');
    await until(() => clients.some(({ channel }) => channel.ended !== undefined));
    const left = clients.filter(({ channel }) => channel.ended === undefined);
    writeFileSync(join(dir, 'afterwards'), '');
    assert.ok(left.length > 0);
    await until(() => left.every(({ heard }) => heard.some((one) => one.endsWith('+afterwards'))));
    for (const { channel } of left) channel.close();
  });
});
