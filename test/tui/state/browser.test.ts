/** What keys and answers make of the state, by value. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, checkName, EntryKind, FerryError, pathFromText, toWireError } from '@ferry/protocol';
import type { Job } from '@ferry/tui/engine/job';
import { bindings } from '@ferry/tui/keymap/keymap';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, folder, job, jobs, link } from '../support/drive.ts';

const names = (text: string): string[] => text.split(' ');

describe('walking', () => {
  test('starts by listing both sides', () => {
    const driven = new Driven();
    assert.deepEqual(
      driven.taken().map(({ kind }) => kind),
      ['list-people', 'watch', 'watch', 'list', 'space', 'list', 'space', 'find-leftovers', 'chat-rooms'],
    );
  });

  test('folders come first, then names; hidden ones on request', () => {
    const driven = new Driven().list('remote', file('b'), file('.x'), folder('z'), file('a'));
    assert.deepEqual(driven.names(), names('z a b'));
    assert.deepEqual(driven.press('.').names(), names('z .x a b'));
  });

  test('the cursor stays within the rows and the window follows it', () => {
    const driven = new Driven().list(
      'remote',
      ...Array.from({ length: 200 }, (_, i) => file(`f${String(i).padStart(3, '0')}`)),
    );
    assert.equal(driven.press('up').state.remote.cursor, 0);
    driven.press('end');
    assert.equal(driven.at(), 'f199');
    assert.ok(driven.state.remote.top > 150);
    driven.press('pageup', 'pageup', 'home');
    assert.deepEqual([driven.state.remote.cursor, driven.state.remote.top], [0, 0]);
    driven.press('pagedown', 'down');
    assert.ok(driven.state.remote.cursor > 10);
  });

  test('a step in a folder of 100,000 copies no row', () => {
    const driven = new Driven().list('remote', ...Array.from({ length: 100_000 }, (_, i) => file(`f${i}`)));
    const { rows, pages } = driven.state.remote;
    driven.press('down', 'pagedown', 'end', 'home');
    assert.ok(driven.state.remote.rows === rows && driven.state.remote.pages === pages);
  });

  test('Enter goes in, Left comes back to the folder one came from', () => {
    const driven = new Driven().list('remote', folder('a'), folder('b'), folder('c'));
    driven.press('down', 'down', 'enter');
    assert.deepEqual(driven.path(), pathFromText('share/b'));
    driven.list('remote', file('inside'));
    driven.press('left').list('remote', folder('a'), folder('b'), folder('c'));
    assert.deepEqual([driven.path(), driven.at()], [pathFromText('share'), 'b']);
    driven.press('home', 'enter');
    assert.deepEqual(driven.path(), []);
  });

  test('pages of a listing that is no longer wanted are ignored', () => {
    const driven = new Driven();
    const late = driven.state.remote.request;
    driven.list('remote', folder('a')).press('down', 'enter');
    driven.post({ kind: 'page', side: 'remote', request: late, entries: [file('stale')] });
    assert.deepEqual(driven.names(), []);
    driven.list('remote', file('fresh'));
    assert.deepEqual(driven.names(), ['fresh']);
  });

  test('a refresh keeps the cursor on its name and marks on theirs', () => {
    const driven = new Driven().list('remote', file('a'), file('b'), file('c'), file('d'));
    driven.press('down', 'space', 'space', 'C-r');
    assert.equal(driven.names().length, 4);
    driven.list('remote', file('0'), file('1'), file('b'), file('c'), file('d'));
    assert.equal(driven.at(), 'c');
    assert.deepEqual([...driven.state.remote.marks], ['b']);
  });

  test('sorting by size and time, and the other way round', () => {
    const driven = new Driven().list(
      'remote',
      file('a', 1, { s: 3, ns: 0 }),
      file('b', 3, { s: 1, ns: 0 }),
      file('c', 2, { s: 2, ns: 0 }),
    );
    assert.deepEqual(driven.press('s', 's').names(), names('b c a'));
    assert.deepEqual(driven.press('s', 's').names(), names('a c b'));
    assert.deepEqual(driven.press('s', 'm').names(), names('a c b'));
    assert.deepEqual(driven.press('s', 'n').names(), names('a b c'));
    assert.deepEqual(driven.press('s', 'n').names(), names('c b a'));
  });

  test('a folder that is gone shows the one above and says why', () => {
    const driven = new Driven('share/deep');
    driven.taken();
    const error = toWireError(new FerryError(Code.NOT_FOUND, 'no such file or folder'));
    driven.post({ kind: 'unlisted', side: 'remote', request: driven.state.remote.request, error });
    assert.deepEqual(driven.path(), pathFromText('share'));
    assert.match(driven.state.notice?.text ?? '', /folder deep: no such file or folder \[NOT_FOUND\]/);
    assert.deepEqual(
      driven.taken().map(({ kind }) => kind),
      ['watch', 'list', 'space'],
    );
  });

  test('any other failure stands in the pane', () => {
    const driven = new Driven();
    const error = toWireError(new FerryError(Code.FORBIDDEN, 'the file system does not permit that'));
    driven.post({ kind: 'unlisted', side: 'local', request: driven.state.local.request, error });
    assert.equal(driven.state.local.error, 'the file system does not permit that [FORBIDDEN]');
    assert.equal(driven.state.remote.error, undefined);
  });

  test('while the server is away its pane stays as it was, counts down, and is read again after that', () => {
    const listing = [folder('d'), file('a'), file('b'), file('bc')];
    const driven = new Driven().list('remote', ...listing).list('local', folder('x'));
    driven.press('/', 'b', 'enter', 'down', 'space', 'up').taken();
    const before = driven.state.remote;
    const status = (change: object): Driven =>
      driven.post({ kind: 'engine', event: { kind: 'connection', status: { ...online, ...change } } });
    const online = { phase: 'online', address: '', user: 'anna', readOnly: false, rttMs: 0 } as const;
    const error = toWireError(new FerryError(Code.CONNECTION_LOST, 'lost'));
    status({ phase: 'offline', error, retryMs: 2500, attempt: 1 });
    const retryMs = (): unknown =>
      driven.state.connection.phase === 'offline' ? driven.state.connection.retryMs : undefined;
    driven.post({ kind: 'tick' });
    assert.equal(retryMs(), 1500);
    driven.post({ kind: 'tick' }).post({ kind: 'tick' }).post({ kind: 'tick' });
    assert.equal(retryMs(), 0);
    // Walking on would lose the place: it is said, and nothing asked for. The other side goes on.
    for (const key of ['left', 'C-r', 'H']) {
      driven.press(key);
      assert.match(driven.state.notice?.text ?? '', /the server is away/);
    }
    // Only to read it again is to try now.
    assert.deepEqual(
      [driven.state.remote, driven.taken()],
      [before, [{ kind: 'reconnect', where: '10.0.0.5:7377' }]],
    );
    driven.press('tab', 'down', 'enter');
    assert.deepEqual(driven.path('local'), pathFromText('home/x'));
    driven.list('local').taken();
    status({ phase: 'connecting', attempt: 2 });
    status({});
    assert.deepEqual(
      driven.taken().map((cmd) => cmd.kind),
      ['watch', 'list', 'space', 'list-people'],
    );
    driven.list('remote', file('0b'), ...listing);
    assert.deepEqual([driven.names(), driven.at()], [names('0b b bc'), 'b']);
    assert.deepEqual([...driven.state.remote.marks], [...before.marks]);
  });

  test('a changed folder is read again where it is shown, and nowhere else', () => {
    const driven = new Driven().list('remote', file('a')).list('local', file('b'));
    driven.taken();
    driven.post({
      kind: 'engine',
      event: { kind: 'changed', where: '', folder: pathFromText('elsewhere') },
    });
    assert.deepEqual(driven.taken(), []);
    driven.post({ kind: 'engine', event: { kind: 'changed', where: '', folder: pathFromText('home') } });
    assert.deepEqual(
      driven.taken().map((cmd) => cmd.kind),
      ['list', 'space'],
    );
  });
});

test('a change that came while the folder was read was lost: it is read again after that', () => {
  const driven = new Driven().list('remote', file('a'));
  const change = (folder = 'home'): Driven =>
    driven.post({
      kind: 'engine',
      event: { kind: 'changed', where: '', folder: pathFromText(folder) },
    });
  const lists = (): number => driven.taken().filter((cmd) => cmd.kind === 'list').length;
  lists();
  // The first listing, and then a refresh; two changes within one of them need only one more.
  for (const seen of [[file('a')], [file('a'), file('b')]]) {
    change();
    change();
    assert.equal(lists(), 0);
    driven.list('local', ...seen);
    assert.equal(lists(), 1);
    assert.ok(driven.state.local.loading);
  }
  driven.list('local', file('a'), file('b'), file('c'));
  assert.deepEqual([driven.names('local'), lists(), driven.state.local.loading], [names('a b c'), 0, false]);

  // Also when that listing failed; and what is said of another folder, or was said before going elsewhere, means nothing.
  driven.press('tab', 'C-r');
  change();
  lists();
  const error = toWireError(new FerryError(Code.IO_ERROR, 'the disk did not answer'));
  driven.post({ kind: 'unlisted', side: 'local', request: driven.state.local.request, error });
  assert.equal(lists(), 1);
  change();
  driven.press('left');
  change();
  lists();
  driven.list('local', folder('home'));
  assert.equal(lists(), 0);
});

describe('marking and copying', () => {
  test('Space marks and steps, * inverts, Ctrl+A marks all, Esc unmarks', () => {
    const driven = new Driven().list('remote', file('a'), file('b'), file('c'));
    driven.press('down', 'space', 'insert');
    assert.deepEqual([...driven.state.remote.marks], ['a', 'b']);
    assert.deepEqual([...driven.press('*').state.remote.marks], ['c']);
    assert.equal(driven.press('C-a').state.remote.marks.size, 3);
    assert.equal(driven.press('escape').state.remote.marks.size, 0);
    assert.equal(driven.press('home', 'space').state.remote.marks.size, 0);
  });

  test('the bytes of what is marked are those of the rows that are marked, whatever happens to them', () => {
    const size = (driven: Driven): number => driven.state.remote.markedBytes;
    const listing = [file('a', 1), file('b', 20), file('.c', 300), folder('d')];
    const driven = new Driven().list('remote', ...listing);
    assert.equal(size(driven.press('down', 'down', 'space', 'space')), 21);
    assert.equal(size(driven.press('up', 'space')), 20);
    assert.equal(size(driven.press('C-a', '.')), 21);
    assert.equal(size(driven.press('C-a')), 321);
    assert.equal(size(driven.press('.')), 21);
    assert.equal(size(driven.press('.')), 321);
    assert.equal(size(driven.press('home', 'down', 'down', 'space', 's', 's', '*')), 300);
    assert.equal(size(driven.press('C-a', 'C-r').list('remote', file('a', 5), file('.c', 300))), 305);
    assert.equal(size(driven.press('escape')), 0);
    assert.equal(size(driven.press('C-a', 'f5')), 0);
  });

  test('F5 queues one job per marked entry for the other side', () => {
    const driven = new Driven().list('remote', folder('d'), file('a'), file('b')).list('local');
    driven.taken();
    driven.press('down', 'space', 'space', 'f5');
    const [cmd] = driven.taken();
    assert.deepEqual(cmd, {
      kind: 'submit',
      orders: [
        {
          direction: 'download',
          to: '10.0.0.5:7377',
          source: pathFromText('share/d'),
          kind: EntryKind.folder,
          target: pathFromText('home/d'),
          existing: 'ask',
        },
        {
          direction: 'download',
          to: '10.0.0.5:7377',
          source: pathFromText('share/a'),
          kind: EntryKind.file,
          target: pathFromText('home/a'),
          existing: 'ask',
        },
      ],
    });
    assert.equal(driven.state.remote.marks.size, 0);
  });

  test('F5 on the local side uploads; a link is named and the rest goes', () => {
    const driven = new Driven().list('remote').list('local', file('a'), link('l'));
    driven.taken();
    driven.press('tab', 'down', 'space', 'space', 'f5');
    const [cmd] = driven.taken();
    assert.ok(cmd?.kind === 'submit' && cmd.orders.length === 1 && cmd.orders[0]?.direction === 'upload');
    assert.match(driven.state.notice?.text ?? '', /^l is neither/);
  });

  test('F8 asks, and deletes only after a yes', () => {
    const driven = new Driven().list('remote', folder('d'), file('a'));
    driven.taken();
    driven.press('down', 'f8', 'n');
    assert.deepEqual(driven.taken(), []);
    driven.press('f8', 'y');
    assert.deepEqual(driven.taken(), [
      {
        kind: 'delete',
        where: '10.0.0.5:7377',
        folder: pathFromText('share'),
        entries: [folder('d')],
        forGood: false,
      },
    ]);
  });

  test('F7 takes a name, keeps a bad one to be mended, Esc leaves it', () => {
    const driven = new Driven().list('remote');
    driven.taken();
    driven.press('f7', 'a', '/', 'b', 'enter');
    assert.ok(driven.state.dialog?.kind === 'prompt' && driven.state.dialog.error !== undefined);
    driven.press('backspace', 'backspace', 'ü', 'home', '!', 'delete', 'enter');
    assert.deepEqual(driven.taken(), [{ kind: 'mkdir', side: 'remote', path: pathFromText('share/!ü') }]);
    assert.equal(driven.press('f7', 'x', 'escape').state.dialog, undefined);
    assert.deepEqual(driven.taken(), []);
  });

  test('F2 begins with the old name', () => {
    const driven = new Driven().list('remote', file('old.txt'));
    driven.taken();
    driven.press('down', 'f2', '2', 'enter');
    assert.deepEqual(driven.taken(), [
      {
        kind: 'rename',
        side: 'remote',
        from: pathFromText('share/old.txt'),
        to: pathFromText('share/old.txt2'),
      },
    ]);
  });
});

describe('the queue', () => {
  /** What was asked of the engine, in short. */
  const asked = (driven: Driven): string[] =>
    driven
      .taken()
      .map((cmd) =>
        cmd.kind === 'act'
          ? `${cmd.action} ${cmd.ids.join(' ')}`
          : cmd.kind === 'priority'
            ? `priority ${cmd.priority} ${cmd.ids.join(' ')}`
            : cmd.kind === 'limit'
              ? `limit ${cmd.limit ?? 'off'} ${cmd.ids.join(' ')}`
              : cmd.kind === 'pause-all'
                ? `pause-all ${cmd.paused}`
                : cmd.kind,
      );
  const shown = (driven: Driven): number[] => driven.state.queue.shown.map(({ id }) => id);
  const atCursor = (driven: Driven): number | undefined =>
    driven.state.queue.shown[driven.state.queue.cursor]?.id;
  const queued = (...list: readonly Job[]): Driven => {
    const driven = jobs(new Driven(), ...list).press('w', 'home');
    driven.taken();
    return driven;
  };
  const someOfEach = (): Driven =>
    queued(
      job(1),
      job(2, { phase: 'paused' }),
      job(3, { phase: 'failed' }),
      job(4, { phase: 'done' }),
      job(5, { phase: 'cancelled' }),
      job(6, { phase: 'waiting' }),
    );

  test('acts on the job under the cursor', () => {
    const driven = queued(job(1), job(2, { phase: 'paused' }));
    driven.press('p', 'down', 'p', 't', '[', ']', 'C-up', 'C-down', '5', '1', 'c');
    assert.deepEqual(asked(driven), [
      'pause 1',
      'resume 2',
      'top 2',
      'up 2',
      'down 2',
      'up 2',
      'down 2',
      'priority 5 2',
      'priority 1 2',
      'clear',
    ]);
  });

  test('acts on all that are marked, and of those on what it fits', () => {
    const driven = someOfEach();
    assert.deepEqual(asked(driven.press('C-a', 'p')), ['pause 1 6']);
    assert.deepEqual(asked(driven.press('4')), ['priority 4 1 2 6']);
    assert.deepEqual(asked(driven.press('t')), ['top 1 2 6']);
    assert.deepEqual(asked(driven.press('r')), ['retry 3']);
    assert.deepEqual(asked(driven.press('x', 'y')), ['cancel 1 2 3 6']);
    assert.deepEqual(asked(driven.press('escape', 'home', 'down', 'space', 'p')), ['resume 2']);
    assert.deepEqual([...driven.press('*').state.queue.marks], [1, 3, 4, 5, 6]);
    assert.deepEqual([driven.press('escape').state.queue.marks.size, driven.state.focus], [0, 'queue']);
    assert.equal(driven.press('escape').state.focus, 'remote');
  });

  test('says so where a key fits nothing', () => {
    const driven = queued(job(1, { phase: 'done' }));
    for (const key of ['p', 'x', 'r', 'o', 't', '3', 'l']) {
      driven.press(key);
      assert.match(driven.state.notice?.text ?? '', /over|failed/, key);
      assert.deepEqual([driven.state.dialog, asked(driven)], [undefined, []], key);
    }
  });

  test('nothing destroys without a question', () => {
    const driven = queued(job(1, { phase: 'failed' }), job(2));
    for (const [key, does] of [
      ['x', 'cancel 1'],
      ['delete', 'cancel 1'],
      ['f8', 'cancel 1'],
      ['o', 'overwrite 1'],
      ['c', 'clear'],
    ] as const) {
      assert.deepEqual(asked(driven.press(key)), [], key);
      assert.equal(driven.state.dialog?.kind, 'question', key);
      assert.deepEqual(asked(driven.press('s', 'n')), [], key);
      assert.deepEqual(asked(driven.press(key, 'y')), [does], key);
    }
    assert.deepEqual(asked(driven.press('backspace')), []);
    assert.equal(driven.state.dialog, undefined);
  });

  test('a question is about the jobs it was asked about, wherever they are by then', () => {
    const driven = queued(job(1), job(2));
    driven.press('x');
    jobs(driven, job(1, { place: 9 }));
    assert.deepEqual(asked(driven.press('y')), ['cancel 1']);
  });

  test('R tries everything again that failed, also what is not shown', () => {
    const driven = queued(job(1, { phase: 'failed' }), job(2), job(3, { phase: 'failed' }));
    assert.deepEqual(asked(driven.press('f', 'R')), ['retry 1 3']);
  });

  test('P lets nothing move, and then everything again; the engine has the last word', () => {
    const driven = queued();
    assert.deepEqual(asked(driven.press('P')), ['pause-all true']);
    assert.ok(driven.state.queue.pausedAll);
    assert.deepEqual(asked(driven.press('w', 'P')), ['pause-all false']);
    const status = {
      pausedAll: true,
      limits: { up: 1024, down: undefined, timetable: '' },
      moves: 'elsewhere',
      notice: undefined,
    } as const;
    driven.post({ kind: 'engine', event: { kind: 'queue', status } });
    const { pausedAll, limits, moves } = driven.state.queue;
    assert.deepEqual({ pausedAll, limits, moves, notice: undefined }, status);
  });

  test('f shows active, failed and done ones; the cursor stays on its job and marks go', () => {
    const driven = someOfEach();
    driven.press('down', 'space', 'up', 'f');
    assert.deepEqual([shown(driven), atCursor(driven), driven.state.queue.marks.size], [[1, 2, 6], 2, 0]);
    assert.deepEqual(shown(driven.press('f')), [3]);
    assert.deepEqual(shown(driven.press('f')), [4, 5]);
    assert.deepEqual(shown(driven.press('f')), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(driven.state.queue.counts, {
      waiting: 1,
      moving: 1,
      paused: 1,
      failed: 1,
      done: 1,
      cancelled: 1,
    });
  });

  test('what leaves the view loses its mark: no key acts on what is not seen', () => {
    const driven = someOfEach().press('f', 'C-a');
    jobs(driven, job(2, { phase: 'done' }));
    assert.deepEqual(
      [shown(driven), [...driven.state.queue.marks]],
      [
        [1, 6],
        [1, 6],
      ],
    );
    assert.deepEqual(asked(driven.press('5')), ['priority 5 1 6']);
  });

  test('the cursor stays on its job while others move, come and go', () => {
    const driven = queued(job(1), job(2), job(3), job(4)).press('down', 'down');
    jobs(driven, job(3, { place: 0 }));
    assert.deepEqual([shown(driven), atCursor(driven)], [[3, 1, 2, 4], 3]);
    jobs(driven, job(9, { place: -1 }), job(1, { phase: 'done' }));
    assert.deepEqual([shown(driven), atCursor(driven)], [[9, 3, 1, 2, 4], 3]);
    const totals = { doneBytes: 0, totalBytes: 0, rate: 0 };
    driven.post({ kind: 'engine', event: { kind: 'jobs', changed: [], removed: [9, 1], totals } });
    assert.deepEqual([shown(driven), atCursor(driven)], [[3, 2, 4], 3]);
    driven.post({ kind: 'engine', event: { kind: 'jobs', changed: [], removed: [3], totals } });
    assert.deepEqual([shown(driven), atCursor(driven)], [[2, 4], 2]);
  });

  test(`jobs come out as told, whatever is told in whatever order (seed ${seed})`, () => {
    const random = randomFrom(seed);
    for (let round = 0; round < runs(40); round++) {
      const driven = new Driven();
      const told = new Map<number, Job>();
      const places = Array.from({ length: 30 }, (_, i) => i);
      for (let step = 0; step < 30; step++) {
        const changed = Array.from({ length: random(4) }, () => {
          const id = random(12) + 1;
          const free = places.filter((place) => ![...told.values()].some((one) => one.place === place));
          const place =
            random(3) === 0 ? (free[random(free.length)] ?? 0) : (told.get(id)?.place ?? free[0] ?? 0);
          const one = job(id, { place, doneBytes: random(100) });
          told.set(id, one);
          return one;
        });
        const removed = random(4) === 0 ? [random(12) + 1] : [];
        for (const id of removed) told.delete(id);
        const totals = { doneBytes: 0, totalBytes: 0, rate: 0 };
        driven.post({ kind: 'engine', event: { kind: 'jobs', changed, removed, totals } });
        assert.deepEqual(
          driven.state.queue.jobs,
          [...told.values()].toSorted((a, b) => a.place - b.place),
        );
      }
    }
  });

  test('l limits the job, and nothing typed means no limit', () => {
    const driven = queued(job(1, { limit: 2048 }), job(2, { limit: 2048 }));
    assert.deepEqual(asked(driven.press('l', 'enter')), ['limit 2048 1']);
    assert.deepEqual(asked(driven.press('l', 'backspace', 'backspace', 'enter')), ['limit off 1']);
    driven.press('C-a', 'l', 'C-e', 'x', 'enter');
    assert.ok(driven.state.dialog?.kind === 'prompt' && driven.state.dialog.error !== undefined);
    assert.deepEqual(asked(driven.press('backspace', 'backspace', 'M', 'enter')), ['limit 2097152 1 2']);
  });

  /** The field that could not be read. */
  const problem = ({ state: { dialog } }: Driven): [number, boolean] | undefined =>
    dialog?.kind === 'prompt' ? [dialog.field, dialog.error !== undefined] : undefined;

  test('L limits all; a field that cannot be read keeps the cursor and says why', () => {
    const driven = queued();
    driven.press('L', '1', 'M', 'tab', 'tab', '8', ':', '3', '0', 'enter');
    assert.deepEqual(problem(driven), [2, true]);
    driven.press('home', '0', 'end', 'space', '2', 'k', 'enter');
    assert.deepEqual(driven.taken(), [
      { kind: 'limits', limits: { up: 2 ** 20, down: undefined, timetable: '08:30 2k' } },
    ]);
    driven.press('L', 'S-tab', 'S-tab', '?', 'tab', 'enter');
    assert.deepEqual(problem(driven), [1, true]);
    assert.deepEqual([driven.press('escape').state.dialog, driven.taken()], [undefined, []]);
  });

  test('leaving asks while something runs, and not otherwise', () => {
    const driven = jobs(new Driven(), job(1));
    driven.taken();
    driven.press('f10');
    assert.equal(driven.state.dialog?.kind, 'question');
    assert.deepEqual(driven.press('s', 'n').taken(), []);
    assert.deepEqual(driven.press('C-c', 'y').taken(), [{ kind: 'quit' }]);
    assert.deepEqual(
      jobs(new Driven(), job(1, { phase: 'done' }))
        .press('q')
        .taken()
        .at(-1),
      { kind: 'quit' },
    );
  });
});

describe('the key table', () => {
  test('no key has two meanings in one layer, and every binding is described', () => {
    for (const [layer, list] of Object.entries(bindings)) {
      const keys = list.flatMap((binding) => binding.keys);
      assert.deepEqual(keys.toSorted(), [...new Set(keys)].toSorted(), layer);
      for (const { help, label } of list) assert.ok(help.length > 3 && label.length > 1);
    }
  });

  test('no unmodified letter destroys anything among the files', () => {
    const letters = bindings.pane
      .filter(({ keys }) => keys.some((key) => /^[a-z]$/i.test(key)))
      .map(({ action }) => action);
    assert.ok(!letters.includes('delete') && !letters.includes('copy'), letters.join(' '));
  });

  test('a name is bytes: two that look alike are marked apart', () => {
    const odd = (bytes: string) => ({ ...file('x'), name: checkName(bytes) });
    const driven = new Driven().list('remote', odd('bad\xfd'), odd('bad\xff'));
    driven.press('down', 'down', 'space');
    assert.deepEqual([...driven.state.remote.marks], ['bad\xff']);
  });
});
