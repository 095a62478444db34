/** Panes whose folders change while they are shown: rows move, cursor and marks stay with their files, nothing is read again. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, type Entry, FerryError, nameFromText, pathFromText, toWireError } from '@ferry/protocol';
import type { Activity, Person } from '@ferry/tui/engine/people';
import type { FolderChange } from '@ferry/tui/engine/watching';
import type { Cmd } from '@ferry/tui/state/cmd';
import { dialogRowsOf } from '@ferry/tui/view/rows/dialog-rows';
import { titleRow } from '@ferry/tui/view/rows/line-rows';
import { lookFor } from '@ferry/tui/view/rows/themes';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, folder, job, jobs } from '../support/drive.ts';
import { sorted } from '../support/entry-order.ts';

const look = lookFor({ NO_COLOR: '1', TERM: 'xterm', LANG: 'C.UTF-8' }, 'mono');

type Side = 'remote' | 'local';

/** A driven browser whose folders are watched. */
class Live extends Driven {
  constructor(...args: ConstructorParameters<typeof Driven>) {
    super(...args);
    for (const side of ['remote', 'local'] as const) this.watched(side);
  }

  watched(side: Side, pollMs = 0): this {
    return this.post({ kind: 'watched', side, path: this.state[side].path, pollMs });
  }

  change(entries: readonly Entry[], gone: readonly string[] = [], side: Side = 'remote'): this {
    const change: FolderChange = { kind: 'changed', entries, gone: gone.map(nameFromText) };
    return this.post({ kind: 'change', side, path: this.state[side].path, change });
  }

  again(side: Side = 'remote'): this {
    return this.post({ kind: 'change', side, path: this.state[side].path, change: { kind: 'again' } });
  }

  marked(side: Side = 'remote'): string[] {
    return [...this.state[side].marks].toSorted();
  }

  /** How often it wanted to know what space is left now. */
  spaces = 0;

  /** What it wanted done since, as `kind side`, beside that. */
  wanted(): string[] {
    const cmds = this.taken();
    const rest = cmds.filter((cmd) => cmd.kind !== 'space' || cmd.soon !== true);
    this.spaces += cmds.length - rest.length;
    return rest.map((cmd: Cmd) => ('side' in cmd ? `${cmd.kind} ${cmd.side}` : cmd.kind));
  }
}

const abc = ['a', 'b', 'c', 'd', 'e'].map((name) => file(name, 1000 + name.charCodeAt(0)));

describe('a folder that changes while it is shown', () => {
  test('rows come, go and change in their places; nothing is read', () => {
    const live = new Live().list('remote', ...abc, folder('sub'));
    live.taken();
    live
      .change([file('bb'), folder('new')])
      .change([], ['c', 'never there'])
      .change([file('d', 9)]);
    assert.deepEqual(live.names(), ['new', 'sub', 'a', 'b', 'bb', 'd', 'e']);
    assert.equal(live.state.remote.rows.at(5)?.size, 9);
    assert.equal(live.state.remote.arrived, 7);
    assert.deepEqual(live.wanted(), []);
    assert.equal(live.spaces, 3, 'what others do takes space, too');
  });

  test('the cursor stays on its file and where it is on the screen, what goes leaves it to the next one', () => {
    const many = Array.from({ length: 100 }, (_, i) => file(`f${i}`));
    const live = new Live().list('remote', ...many).press('end', 'up', 'up');
    const { cursor, top } = live.state.remote;
    live.change([file('a'), file('b')]);
    assert.equal(live.at(), 'f97');
    assert.deepEqual([live.state.remote.cursor, live.state.remote.top], [cursor + 2, top + 2]);
    live.change([], ['f97']);
    assert.equal(live.at(), 'f98');
    live.change([], ['f98', 'f99']);
    assert.equal(live.at(), 'f96');
    live.press('home').change([file('0')]);
    assert.equal(live.state.remote.cursor, 0, 'on .. it stays there');
  });

  test('what got another name moves, with its mark and the cursor; what is not certain is none', () => {
    const live = new Live().list('remote', ...abc).press('home', 'down', 'down', 'space', 'up');
    assert.deepEqual([live.at(), live.marked()], ['b', ['b']]);
    live.change([{ ...file('z'), size: 1000 + 'b'.charCodeAt(0) }], ['b']);
    assert.deepEqual([live.at(), live.marked(), live.names().at(-1)], ['z', ['z'], 'z']);
    assert.equal(live.state.remote.markedRows, 1);
    // Two alike went, one came: which of them it is nobody knows.
    const twins = new Live()
      .list('remote', file('a'), file('b'), file('c'))
      .press('home', 'down', 'space', 'space');
    assert.deepEqual(twins.marked(), ['a', 'b']);
    twins.change([file('z')], ['a', 'b']);
    assert.deepEqual(twins.marked(), []);
    assert.deepEqual([twins.state.remote.markedRows, twins.state.remote.markedBytes], [0, 0]);
  });

  test('marks of what went are dropped, of what changed they stay, and are counted anew', () => {
    const live = new Live().list('remote', ...abc).press('home', 'down', 'space', 'space', 'space');
    assert.deepEqual(live.marked(), ['a', 'b', 'c']);
    live.change([file('a', 5)], ['b']);
    assert.deepEqual(live.marked(), ['a', 'c']);
    const { markedRows, markedBytes } = live.state.remote;
    assert.deepEqual([markedRows, markedBytes], [2, 5 + 1000 + 'c'.charCodeAt(0)]);
  });

  test('what comes during a listing is shown after it', () => {
    const live = new Live();
    const { request } = live.state.remote;
    live.change([file('late', 7)], ['b']);
    live.post({ kind: 'page', side: 'remote', request, entries: [...abc, file('late', 1)] });
    assert.ok(live.names().includes('b'));
    live.post({ kind: 'listed', side: 'remote', request });
    assert.deepEqual(live.names(), ['a', 'c', 'd', 'e', 'late']);
    assert.equal(live.state.remote.rows.at(-1)?.size, 7);
    // Where it is too much to be kept, the folder is read again.
    live.taken();
    live.press('C-r');
    for (let i = 0; i < 2001; i++) live.change([file(`n${i}`)]);
    live.taken();
    live.list('remote', ...abc);
    assert.deepEqual(live.wanted().slice(0, 1), ['list remote']);
  });

  test('“again” reads the folder again, once; one that is being read, after that', () => {
    const live = new Live().list('remote', ...abc);
    live.taken();
    assert.deepEqual(live.again().again().wanted(), ['list remote', 'space remote']);
    assert.deepEqual(live.list('remote', ...abc).wanted(), ['list remote', 'space remote']);
    assert.deepEqual(live.list('remote', ...abc).wanted(), []);
  });

  test('our own changes are told like others: the folder is read only where nobody tells', () => {
    const live = new Live().list('remote', ...abc);
    live.taken();
    const changed = { kind: 'changed', where: '10.0.0.5:7377', folder: pathFromText('share') } as const;
    assert.deepEqual(live.post({ kind: 'engine', event: changed }).wanted(), ['space remote']);
    live.watched('remote', 2000);
    assert.deepEqual(live.post({ kind: 'engine', event: changed }).wanted(), ['list remote', 'space remote']);
  });

  test('each folder that is shown is watched from before it is listed; what is told of another one is late', () => {
    const live = new Driven().list('remote', folder('sub'));
    assert.deepEqual(
      live
        .taken()
        .filter((cmd) => cmd.kind === 'watch')
        .map((cmd) => cmd.side),
      ['remote', 'local'],
    );
    live.press('down', 'enter');
    assert.deepEqual(
      live
        .taken()
        .map(({ kind }) => kind)
        .slice(0, 2),
      ['watch', 'list'],
    );
    const late: FolderChange = { kind: 'changed', entries: [file('x')], gone: [] };
    live
      .list('remote', ...abc)
      .post({ kind: 'change', side: 'remote', path: pathFromText('share'), change: late });
    assert.deepEqual(live.names(), ['a', 'b', 'c', 'd', 'e']);
    // After a loss it is watched anew.
    const status = live.state.connection;
    live.taken();
    const error = toWireError(new FerryError(Code.CONNECTION_LOST, 'lost'));
    const offline = { phase: 'offline', error, retryMs: 1, attempt: 1 } as const;
    live.post({ kind: 'engine', event: { kind: 'connection', status: offline } });
    live.post({ kind: 'engine', event: { kind: 'connection', status } });
    assert.deepEqual(
      live.taken().map(({ kind }) => kind),
      ['watch', 'list', 'space', 'list-people'],
    );
  });

  test('a folder that goes is left for the one above, and that is said', () => {
    const live = new Live('share/sub').list('remote', ...abc);
    const error = toWireError(new FerryError(Code.NOT_FOUND, 'no such file or folder'));
    live.taken();
    live.post({ kind: 'unwatched', side: 'remote', path: live.state.remote.path, error });
    const { request } = live.state.remote;
    live.post({ kind: 'unlisted', side: 'remote', request, error });
    assert.deepEqual(live.path(), pathFromText('share'));
    assert.match(live.state.notice?.text ?? '', /folder sub: no such file or folder/);
  });

  test('rights that change are said, and the pane shows how often it is read', () => {
    const live = new Live().list('remote', ...abc);
    const { connection } = live.state;
    assert.ok(connection.phase === 'online');
    const now = { ...connection, readOnly: true };
    live.post({ kind: 'engine', event: { kind: 'connection', status: now } });
    assert.match(live.state.notice?.text ?? '', /only look and download/);
    live.post({ kind: 'engine', event: { kind: 'connection', status: connection } });
    assert.match(live.state.notice?.text ?? '', /may change things/);
  });

  test(`after any changes a pane shows what a listing would, with the same file under the cursor (FERRY_SEED=${seed})`, () => {
    const random = randomFrom(seed);
    for (let round = 0; round < runs(20); round++) {
      const there = new Map<string, Entry>();
      const live = new Live();
      const keys = [[], ['s', 's'], ['s', 'r'], ['s', 'm'], ['A-.'], ['s', 'x']][random(6)] ?? [];
      live.press(...keys);
      const name = (): string => `${'.ab'[random(3)]}${random(40)}`;
      for (let i = random(60); i >= 0; i--) {
        const one = random(5) === 0 ? folder(name()) : file(name(), random(3));
        there.set(one.name, one);
      }
      live.list('remote', ...there.values());
      for (let step = 0; step < 30; step++) {
        live.press(...Array.from({ length: random(4) }, () => 'down'));
        if (random(3) === 0) live.press('space');
        const entries = new Map<string, Entry>();
        const gone: string[] = [];
        for (let i = random(4); i >= 0; i--) {
          const one = name();
          if (random(2) === 0) entries.set(one, file(one, 100 + random(1000)));
          else if (!entries.has(one)) gone.push(one);
        }
        for (const one of gone.filter((other) => !entries.has(other))) there.delete(one);
        for (const [one, entry] of entries) there.set(one, entry);
        const before = live.at();
        live.change(
          [...entries.values()],
          gone.filter((one) => !entries.has(one)),
        );
        const { remote } = live.state;
        const visible = [...there.values()].filter(
          (entry) => remote.showHidden || !entry.name.startsWith('.'),
        );
        assert.deepEqual(
          [...remote.rows],
          sorted(visible, remote.sort),
          `${seed} round ${round} step ${step}`,
        );
        assert.equal(remote.arrived, there.size);
        if (before !== undefined && there.has(before)) assert.equal(live.at(), before);
        assert.ok(
          [...remote.marks].every((one) => there.has(one)),
          'only what is there is marked',
        );
        const marks = new Set(remote.marks);
        assert.equal(remote.markedRows, [...remote.rows].filter(({ name }) => marks.has(name)).length);
      }
    }
  });

  test('one change in a folder of 100,000 entries reads nothing and sorts nothing', (t) => {
    const live = new Live();
    const { request } = live.state.remote;
    for (let page = 0; page < 100; page++) {
      const entries = Array.from({ length: 1000 }, (_, i) => file(`f${page * 1000 + i}`, i));
      live.post({ kind: 'page', side: 'remote', request, entries });
    }
    live.post({ kind: 'listed', side: 'remote', request }).press('end');
    for (const key of ['C-s', ...'f7003', 'escape', 'space', 'space', 'space']) live.press(key);
    live
      .change([], ['f7004'])
      .change([file('g7005', 5)], ['f7005'])
      .change([], ['f9000', 'f1']);
    assert.deepEqual(live.marked(), ['f7003', 'g7005'], 'in the page that changed, others behind it did not');
    live.change([file('f1', 1), file('f9000', 0), file('f7004', 4)], ['g7005']).press('end');
    live.change([file('f7005', 5)], []).press('end');
    live.taken();
    const sinceMs = performance.now();
    const changes = 20;
    for (let i = 0; i < changes; i++) live.change([file(`g${i}`)], [`f${i}`]);
    t.diagnostic(`ms of one change in 100,000 rows: ${((performance.now() - sinceMs) / changes).toFixed(2)}`);
    assert.deepEqual(live.wanted(), []);
    assert.equal(live.state.remote.rows.length, 100_000);
    assert.equal(live.at(), 'f99999');
    assert.ok(live.state.remote.pages.length < 110, 'pages do not pile up');
  });
});

describe('others on the server', () => {
  const person = (user: string, isSelf = false, activity?: Activity): Person => ({
    id: user.padEnd(8, '.'),
    user,
    client: 'ferry 0.1',
    sinceMs: 0,
    isSelf,
    activity,
  });

  test('who is here is asked when the server is there, and again while the list is open', () => {
    const driven = new Driven();
    assert.equal(driven.taken().filter(({ kind }) => kind === 'list-people').length, 1);
    driven.post({ kind: 'people', rows: [person('anna', true), person('bob')] });
    assert.match(titleRow(driven.state, 80, look), /2 here /);
    driven.post({ kind: 'engine', event: { kind: 'people', here: 3 } });
    assert.match(titleRow(driven.state, 80, look), /3 here /);
    assert.deepEqual(driven.taken(), []);
    driven.press('W');
    assert.deepEqual(
      driven.taken().map(({ kind }) => kind),
      ['list-people'],
    );
    const activity: Activity = {
      folder: pathFromText('films/raw'),
      moving: [{ way: 1, path: pathFromText('films/\u001b[31mtake.mov') }],
      movingCount: 3,
    };
    driven.post({ kind: 'people', rows: [person('anna', true), person('bob\u001b[2J', false, activity)] });
    const { dialog } = driven.state;
    assert.ok(dialog?.kind === 'people');
    const text = dialogRowsOf(dialog, driven.state, look).rows.join('\n');
    for (const words of [
      'On this server · 2 here',
      'anna (you)',
      'in /films/raw',
      'and 2 more jobs',
      'a shows more',
    ]) {
      assert.ok(text.includes(words), `${words} in\n${text}`);
    }
    assert.ok(
      !text.includes('\u001b[2J') && !text.includes('\u001b[31m'),
      'foreign text is shown, not obeyed',
    );
    driven.post({ kind: 'engine', event: { kind: 'people', here: 1 } });
    assert.deepEqual(
      driven.taken().map(({ kind }) => kind),
      ['list-people'],
    );
    assert.equal(driven.press('escape').state.dialog, undefined);
  });

  test('of what one does nothing is told before one says so; then the folder and what moves, and no more when it is taken back', () => {
    const driven = new Driven().list('remote', folder('sub'));
    const told = (): unknown[] =>
      driven.taken().flatMap((cmd) => (cmd.kind === 'show-activity' ? [cmd.activity] : []));
    driven.press('down', 'enter').list('remote');
    assert.deepEqual(told(), []);
    const nothing = { moving: [], movingCount: 0 };
    driven.press('W', 'a');
    assert.deepEqual(told(), [{ folder: pathFromText('share/sub'), ...nothing }]);
    const elsewhere = job(4, { server: '10.9.9.9:7377' });
    jobs(driven, job(1), job(2, { direction: 'upload' }), job(3, { phase: 'waiting' }), elsewhere);
    assert.deepEqual(told(), [
      {
        folder: pathFromText('share/sub'),
        moving: [
          { way: 1, path: pathFromText('share/job-1') },
          { way: 0, path: pathFromText('home/job-2') },
        ],
        movingCount: 2,
      },
    ]);
    jobs(driven, job(1, { doneBytes: 50 }));
    assert.deepEqual(told(), [], 'progress is nothing new');
    // What is shown of another server is nobody's business on this one.
    const { remote } = driven.state;
    driven.state = { ...driven.state, remote: { ...remote, where: '10.9.9.9:7377' } };
    driven.press('down');
    assert.equal((told()[0] as Activity).folder, undefined);
    driven.press('a');
    assert.deepEqual(told(), [undefined]);
  });
});
