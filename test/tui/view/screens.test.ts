/** Whole screens as golden text, through blessed and a terminal emulator. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, checkName, EntryKind, FerryError, pathFromText, toWireError } from '@ferry/protocol';
import type { Job } from '@ferry/tui/engine/job';
import { parseKeysFile, resolveKeys } from '@ferry/tui/keymap/resolve';
import { Marks } from '@ferry/tui/state/mark-set';
import { type ConflictFacts, decide } from '@ferry/tui/transfer/conflict';
import { cells } from '@ferry/tui/view/rows/cells';
import { conflictRowsOf } from '@ferry/tui/view/rows/conflict-rows';
import { paneRowsOf } from '@ferry/tui/view/rows/pane-rows';
import { asciiGlyphs } from '@ferry/tui/view/rows/style';
import { mono } from '@ferry/tui/view/rows/themes/mono';
import { golden } from '../../support/golden.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, folder, job, link, usualKeys } from '../support/drive.ts';
import { FakeTerminal } from '../support/fake-terminal.ts';

process.env['TZ'] = 'UTC';

/** A blank that was drawn is not told from a cell that never was. */
const blanksCut = (screen: string): string => screen.replaceAll(/ +$/gm, '');

/** One of some takes, 4 GB each, of which nothing has moved yet. */
function take(id: number, change: Partial<Job>): Job {
  return job(id, {
    source: pathFromText(`film/take-0${id}.mov`),
    target: pathFromText(`home/take-0${id}.mov`),
    totalBytes: 4_000_000_000,
    rate: 0,
    movingMs: 0,
    ...change,
  });
}

function scene(columns: number, rows: number): Driven {
  const taken = new FerryError(Code.EXISTS, 'that name is taken');
  const driven = new Driven('film', 'home/anna/Downloads', { columns, rows })
    .list(
      'remote',
      folder('raw'),
      file('take-01.mov', 4_210_000_000),
      file('take-02.mov', 3_870_000_000),
      file('a name that is much too long for the column it stands in.tar.zst', 12),
      link('latest'),
      file('.hidden'),
    )
    .list('local', folder('cuts'), file('notes.pdf', 182_000))
    .post({ kind: 'space', side: 'remote', path: pathFromText('film'), space: { free: 1.2e12, total: 4e12 } })
    .post({
      kind: 'space',
      side: 'local',
      path: pathFromText('home/anna/Downloads'),
      space: { free: 2.2e11, total: 5e11 },
    });
  driven.press('down', 'down', 'space');
  const changed = [
    take(1, { doneBytes: 2_840_000_000, rate: 212_000_000, movingMs: 13_000 }),
    take(2, { direction: 'upload', phase: 'waiting' }),
    take(3, { phase: 'done', doneBytes: 4_000_000_000, doneFiles: 1, movingMs: 20_000 }),
    take(4, {
      phase: 'failed',
      failedFiles: 1,
      error: toWireError(taken),
      failures: [{ source: pathFromText('film/take-04.mov'), error: toWireError(taken) }],
    }),
    take(5, { phase: 'paused', doneBytes: 1_000_000_000, totalFiles: 12, doneFiles: 3 }),
  ];
  for (const rate of [1e8, 2e8, 1.5e8, 2.2e8]) {
    driven.post({
      kind: 'engine',
      event: { kind: 'jobs', changed, removed: [], totals: { doneBytes: 7.84e9, totalBytes: 1.6e10, rate } },
    });
  }
  driven.state = { ...driven.state, notice: undefined };
  return driven;
}

async function shot(
  driven: Driven,
  look?: ConstructorParameters<typeof FakeTerminal>[2],
): Promise<{ text: string; output: string }> {
  const { columns, rows } = driven.state.size;
  const terminal = new FakeTerminal(columns, rows, look);
  try {
    return { text: await terminal.draw(driven.state), output: terminal.output };
  } finally {
    terminal.close();
  }
}

describe('screens', () => {
  for (const [columns, rows] of [
    [80, 24],
    [120, 36],
  ] as const) {
    test(`the browser at ${columns}×${rows}`, async () => {
      golden(`browser-${columns}x${rows}`, (await shot(scene(columns, rows))).text);
    });
  }

  test('the queue with the keyboard', async () => {
    golden('queue-100x30', (await shot(scene(100, 30).press('w', 'home', 'down', 'down', 'down'))).text);
  });

  for (const [columns, rows] of [
    [80, 24],
    [120, 40],
  ] as const) {
    const steered = (): Driven => {
      const driven = scene(columns, rows);
      const limits = { up: 512 * 1024, down: 10 * 2 ** 20, timetable: '08:00 1M 18:00 off' };
      const totals = { doneBytes: 7.84e9, totalBytes: 1.6e10, rate: 2.2e8 };
      const changed = [
        take(1, { doneBytes: 2_840_000_000, rate: 212_000_000, limit: 1.5 * 2 ** 20, priority: 5 }),
        take(2, { direction: 'upload', phase: 'waiting', priority: 1 }),
        take(5, { phase: 'paused', doneBytes: 1_000_000_000, limit: 2 ** 30 }),
        take(6, { phase: 'cancelled' }),
        take(7, {
          phase: 'waiting',
          source: pathFromText('film/a very long name of a take.mov'),
          priority: 4,
        }),
      ];
      return driven.post({ kind: 'engine', event: { kind: 'jobs', changed, removed: [], totals } }).post({
        kind: 'engine',
        event: { kind: 'queue', status: { pausedAll: false, limits, moves: 'here', notice: undefined } },
      });
    };

    test(`priorities, limits and marks in the queue at ${columns}×${rows}`, async () => {
      const driven = steered().press('w', 'home', 'space', 'down', 'space', 'up');
      golden(`queue-marks-${columns}x${rows}`, (await shot(driven)).text);
    });

    test(`everything paused, failed jobs alone at ${columns}×${rows}`, async () => {
      golden(`queue-failed-${columns}x${rows}`, (await shot(steered().press('w', 'P', 'f', 'f'))).text);
    });

    test(`the limits of all at ${columns}×${rows}`, async () => {
      const driven = steered().press('w', 'L', 'tab', 'tab', '!', 'enter');
      golden(`limits-${columns}x${rows}`, (await shot(driven)).text);
    });
  }

  for (const [columns, rows] of [
    [80, 24],
    [120, 40],
    [40, 12],
  ] as const) {
    const asking = (facts: Partial<ConflictFacts>, name = 'take-01.mov'): Driven => {
      const driven = scene(columns, rows);
      const ask = (id: number): Job => {
        const plain = {
          job: id,
          direction: 'download',
          sourcePath: pathFromText(`film/${name}`),
          targetPath: pathFromText(`home/anna/Downloads/${name}`),
          source: { kind: EntryKind.file, size: 4_210_000_000, modified: { s: 1_790_000_000, ns: 5 } },
          target: { kind: EntryKind.file, size: 3_870_000_000, modified: { s: 1_760_000_000, ns: 7 } },
        } as const;
        const decision = decide('ask', { ...plain, ...facts });
        assert.ok(decision.do === 'ask');
        return take(id, { question: decision.question });
      };
      const totals = { doneBytes: 0, totalBytes: 1.6e10, rate: 0 };
      const event = { kind: 'jobs', changed: [ask(1), ask(2)], removed: [], totals } as const;
      driven.post({ kind: 'engine', event });
      driven.state = { ...driven.state, notice: undefined };
      return driven;
    };

    test(`a name that is taken at ${columns}×${rows}`, async () => {
      golden(`conflict-${columns}x${rows}`, (await shot(asking({}))).text);
      const driven = asking({}).press('n', 'tab', 'tab');
      golden(`conflict-chosen-${columns}x${rows}`, (await shot(driven)).text);
      golden(`conflict-later-${columns}x${rows}`, (await shot(asking({}).press('escape'))).text);
    });

    test(`a question about odd things at ${columns}×${rows}`, async () => {
      const folderThere = { kind: EntryKind.folder, size: 0, modified: { s: 1_790_000_000, ns: 5 } };
      const name = `${'a very long folder/'.repeat(6)}\x1b[2J海.txt`;
      const driven = asking({ direction: 'upload', target: folderThere }, name).press('down');
      golden(`conflict-odd-${columns}x${rows}`, (await shot(driven)).text);
    });
  }

  test('without colours the answer and what it is for are told apart by signs', async () => {
    const question = {
      job: 1,
      direction: 'upload',
      sourcePath: pathFromText('a'),
      targetPath: pathFromText('a'),
      source: { kind: EntryKind.file, size: 5_000_001, modified: { s: 1, ns: 0 } },
      target: { kind: EntryKind.file, size: 5_000_000, modified: { s: 1, ns: 0 } },
    } as const;
    const decision = decide('ask', question);
    assert.ok(decision.do === 'ask');
    const dialog = { kind: 'conflict', question: decision.question, chosen: 1, scope: 'job' } as const;
    const look = { theme: { ...mono, cursor: '', focusFrame: '' }, glyphs: asciiGlyphs };
    const text = conflictRowsOf(dialog, 72, 22, 0, look, usualKeys).join('\n');
    assert.match(text, /> n Newer +leaves the one there: this is not newer/);
    assert.match(text, /For +this one +\[all of this job\] +all uploads/);
    assert.match(text, /5000001 B {2}larger +5000000 B/);
    for (const line of text.split('\n')) assert.equal(cells(line), 72, line);
    // Its letters were those of the usual keys, whatever the user had made of them.
    const { wishes } = parseKeysFile('{"conflict": {"choose-newer": "Ctrl+O"}}');
    const other = conflictRowsOf(dialog, 72, 22, 0, look, resolveKeys('mc', wishes).keymap).join('\n');
    assert.match(other, /> Ctrl\+O Newer/);
    assert.match(other, / {2}o {6}Overwrite/);
  });

  test('dialogs: help, question, prompt, details', async () => {
    golden('help-80x24', (await shot(scene(80, 24).press('f1'))).text);
    golden('question-80x24', (await shot(scene(80, 24).press('f8'))).text);
    golden('prompt-80x24', (await shot(scene(80, 24).press('f7', 'ä', 'b', 'c', 'left'))).text);
    golden(
      'details-80x24',
      (await shot(scene(80, 24).press('w', 'home', 'down', 'down', 'down', 'enter'))).text,
    );
  });

  test('a server that is away, and a folder that cannot be read', async () => {
    const driven = scene(80, 24);
    const lost = toWireError(new FerryError(Code.CONNECTION_LOST, 'the connection was lost'));
    driven.post({
      kind: 'engine',
      event: { kind: 'connection', status: { phase: 'offline', error: lost, retryMs: 4000, attempt: 3 } },
    });
    driven.press('tab', 'C-r');
    const error = toWireError(new FerryError(Code.FORBIDDEN, 'the file system does not permit that'));
    driven.post({ kind: 'unlisted', side: 'local', request: driven.state.local.request, error });
    golden('offline-80x24', (await shot(driven)).text);
  });

  test('without UTF-8 and without colours', async () => {
    const { text, output } = await shot(scene(80, 24), { theme: mono, glyphs: asciiGlyphs });
    golden('plain-80x24', text);
    assert.doesNotMatch(
      output,
      new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*\\b(?:3[0-7]|4[0-7]|38;5;\\d+|48;5;\\d+)m`),
    );
  });

  test('hostile names stay in their row and move no border (TERM-01…09)', async () => {
    const bytes = [
      '\x1b[2J\x1b[H',
      '{red-fg}{bold}{center}x{/}',
      'a\r\nb\tc',
      'tail\u202efdp',
      'zero\u200bwidth',
      '海と船の写真',
      '🚢🚢🚢',
      'e\u0301\u0301\u0301\u0301\u0301\u0301\u0301',
      'bad',
      '\u009b31m',
      ' lead and trail ',
      '{|}',
      '👨\u200d👩\u200d👧',
    ];
    const entries = bytes.map((text) => ({
      ...file('x'),
      name: checkName(Buffer.from(text.replaceAll('/', '|')).toString('latin1')),
    }));
    const driven = new Driven('share', 'home', { columns: 100, rows: 40 })
      .list('remote', ...entries, { ...file('x'), name: checkName('not\xff\xfeutf8') })
      .list('local', ...entries);
    const { text } = await shot(driven);
    golden('hostile-100x40', text);
    for (const line of text.split('\n').filter((row) => row.startsWith('│')))
      assert.equal(cells(line), 100, line);
  });

  test('with 100,000 marks each draw walked all rows: it asks about those that it draws', () => {
    class Counted extends Marks {
      asked = 0;
      override has(id: number): boolean {
        this.asked += 1;
        return super.has(id);
      }
    }
    const driven = new Driven().list(
      'remote',
      ...Array.from({ length: 100_000 }, (_, i) => file(`entry-${i}`, 1)),
    );
    driven.press('C-a');
    const { pages, bits } = driven.state.remote.marks;
    const marks = new Counted(pages, bits);
    driven.state = { ...driven.state, remote: { ...driven.state.remote, marks } };
    driven.press('down');
    const look = { theme: mono, glyphs: asciiGlyphs };
    const rows = paneRowsOf(
      driven.state.remote,
      { left: 0, top: 0, width: 60, height: 20 },
      { look, focused: true, nowMs: 0, place: '' },
    );
    assert.match(rows.at(-1) ?? '', /100000 marked - 100 kB/);
    assert.ok(marks.asked <= 20, `${marks.asked} marks looked up`);
  });

  test('a cursor step writes little to the terminal', async () => {
    const driven = new Driven('share', 'home', { columns: 200, rows: 60 })
      .list(
        'remote',
        ...Array.from({ length: 100_000 }, (_, i) => file(`entry-${String(i).padStart(6, '0')}`)),
      )
      .list('local');
    driven.press('down', 'down');
    const terminal = new FakeTerminal(200, 60);
    await terminal.draw(driven.state);
    terminal.output = '';
    await terminal.draw(driven.press('down').state);
    assert.ok(terminal.output.length > 0 && terminal.output.length < 1500, `${terminal.output.length} bytes`);
    terminal.close();
  });

  test('a new size told just before the end was drawn after it, and that ended in an error', async () => {
    const driven = scene(80, 24);
    const terminal = new FakeTerminal(80, 24);
    await terminal.loadGauge(driven.state);
    terminal.close();
    await terminal.draw(driven.post({ kind: 'resized', size: { columns: 100, rows: 30 } }).state);
  });

  test('only rows that changed are drawn: after any keys the screen is as if it were drawn anew', async () => {
    const random = randomFrom(seed);
    const keys = [
      'down',
      'up',
      'pagedown',
      'space',
      'tab',
      'f1',
      'escape',
      'f3',
      'f7',
      'a',
      '海',
      'enter',
      '+',
      'w',
    ];
    const more = ['C-r', 'C-a', '/', 'M-i', 'f9', 'end', 'home', '|'];
    const names = ['海と船.txt', 'e\u0301t\u00e9', '👨 family', 'plain', 'ﬁne', '🏳️ flag'];
    for (let round = 0; round < runs(4); round++) {
      const driven = scene(60 + random(80), 20 + random(20));
      driven.list(
        'remote',
        ...Array.from({ length: 60 }, (_, i) => file(`${names[i % names.length]}-${i}`, i)),
      );
      const { columns, rows } = driven.state.size;
      const kept = new FakeTerminal(columns, rows);
      await kept.loadGauge(driven.state);
      for (let i = 0; i < 25; i++) {
        const from = random(4) === 0 ? more : keys;
        driven.press(from[random(from.length)] ?? '');
        const screen = blanksCut(await kept.draw(driven.state));
        if (i % 5 < 4) continue;
        const fresh = new FakeTerminal(columns, rows);
        await fresh.loadGauge(driven.state);
        assert.equal(
          screen,
          blanksCut(await fresh.draw(driven.state)),
          `seed ${seed}, round ${round}, step ${i}`,
        );
        fresh.close();
      }
      kept.close();
    }
  });
});
