/**
 * Hostile text on every surface that shows text of somebody else. What goes to the terminal holds nothing but printable
 * characters and the few sequences that we draw with, and every row has the width that it should have.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Code,
  checkName,
  type Entry,
  EntryKind,
  FerryError,
  type Name,
  show,
  showName,
  toWireError,
} from '@ferry/protocol';
import { fingerprintFromHash } from '@ferry/protocol/session';
import type { Job } from '@ferry/tui/engine/job';
import { charCells } from '@ferry/tui/state/char-cells';
import type { Dialog } from '@ferry/tui/state/dialog';
import { decide } from '@ferry/tui/transfer/conflict';
import { cells } from '@ferry/tui/view/rows/cells';
import { dialogRowsOf } from '@ferry/tui/view/rows/dialog-rows';
import { queueRowsOf } from '@ferry/tui/view/rows/job-rows';
import { footerRow, titleRow } from '@ferry/tui/view/rows/line-rows';
import { paneRowsOf } from '@ferry/tui/view/rows/pane-rows';
import { unicodeGlyphs } from '@ferry/tui/view/rows/style';
import { dark } from '@ferry/tui/view/rows/themes/dark';
import { openLog } from '../../../packages/server/src/log.ts';
import { mismatch } from '../../../packages/tui/src/client/trust.ts';
import { jsonJob, toJsonLine } from '../../../packages/tui/src/commands/printer-json.ts';
import { textPrinter } from '../../../packages/tui/src/commands/printer-text.ts';
import { hostileName, hostileText } from '../../support/hostile-names.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, job } from '../support/drive.ts';
import { emulatedCells, FakeTerminal } from '../support/fake-terminal.ts';

const look = { theme: dark, glyphs: unicodeGlyphs };
const esc = String.fromCharCode(27);
const bell = String.fromCharCode(7);
/** What `paint` puts around text, and nothing else may stand in a row. */
const painted = new RegExp(`${esc}\\[[\\d;]*m`, 'g');
/** What a terminal acts on, or nobody sees: controls, formats, lines, half characters, private and unassigned ones. */
const forbidden =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Variation_Selector}]/u;
/** What a terminal acts on; JSON need not be readable beyond that. */
const acted = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** What our renderer draws with: colours, moves, modes, and the title, which is always the same. */
const ours = new RegExp(
  [
    `${esc}\\[[\\d;]*[mHJKABCDGdXr]`,
    `${esc}\\[\\?(?:1049|25|12|1|7|1000|1002|1003|1006|1005|2004)[hl]`,
    `${esc}\\]0;ferry${bell}`,
    `${esc}[=>78]`,
    '\\r',
    '\\n',
  ].join('|'),
  'g',
);

function checkRows(surface: string, rows: readonly string[], width: number): void {
  for (const row of rows) {
    const bare = row.replaceAll(painted, '');
    const found = forbidden.exec(bare);
    assert.equal(found, null, `${surface}: ${JSON.stringify(found?.[0])} in ${JSON.stringify(row)}`);
    assert.equal(cells(bare), width, `${surface}: ${JSON.stringify(bare)}`);
  }
}

/** One line that ends with its newline. */
function checkLine(surface: string, line: string): void {
  const found = forbidden.exec(line.slice(0, -1));
  assert.equal(found, null, `${surface}: ${JSON.stringify(line)}`);
  assert.equal(line.at(-1), '\n', surface);
}

/** Of the same width in the emulator's older table; what differs there depends on the terminal, and no program can know. */
function isOfOneWidth(name: Name): boolean {
  return [...showName(name)].every((char) => emulatedCells(char) === charCells(char));
}

const size = { columns: 100, rows: 40 };

/** What panes show beyond their rows: facts, places, paths and what is typed, tabs, and what is copied. */
function panesBeyond(
  driven: Driven,
  names: readonly Name[],
  dialog: (surface: string, shown?: Dialog) => void,
): void {
  const width = 100;
  const foot = (surface: string): void => checkRows(surface, [footerRow(driven.state, width, look)], width);
  driven.state = { ...driven.state, dialog: undefined, focus: 'remote', notice: undefined };
  driven.press('home', 'down', 'i');
  dialog('facts');
  driven.press('escape', 'm');
  dialog('permissions');
  driven.press('escape', 'b', "'");
  dialog('places');
  driven.press('escape', 'g');
  dialog('a path');
  if (driven.state.dialog?.kind === 'prompt') {
    const text = driven.state.dialog.fields[0]?.text ?? '';
    driven.post({ kind: 'completions', text, names });
    dialog('folders that a path may go on with');
  }
  driven.press('escape', '/');
  driven.post({ kind: 'typed', text: Buffer.from(names[0] ?? '', 'latin1').toString('utf8') });
  foot('a filter');
  const rect = { left: 0, top: 0, width: 47, height: 12 };
  const opts = { look, focused: true, nowMs: 0, place: '', set: 'full' } as const;
  checkRows('filtered pane', paneRowsOf(driven.state.remote, rect, opts), 47);
  driven.press('escape', 'C-t');
  checkRows('tabs', [titleRow(driven.state, width, look)], width);
  driven.press('C-w', 'C-a').taken();
  driven.press('y');
  foot('a path that was copied');
  for (const cmd of driven.taken())
    if (cmd.kind === 'copy-text')
      for (const line of cmd.text.split('\n')) checkLine('what is copied', `${line}\n`);
}

/** Names of rooms and people, what they say and what they attach. */
function chat(
  driven: Driven,
  names: readonly Name[],
  sentence: string,
  dialog: (surface: string, shown?: Dialog) => void,
): void {
  driven.state = { ...driven.state, dialog: undefined, focus: 'remote', notice: undefined };
  const said = { seq: 1, ms: 1e12, from: sentence, own: false, text: sentence, path: names };
  const notes = ['gap', 'anew', 'missing', 'moved', 'clock', 'replayed', 'unreadable'] as const;
  for (const ref of [`@${sentence}`, '#crew']) {
    const lines = [
      { ...said, notes: [] },
      { ...said, notes },
      { ...said, text: '', notes },
    ];
    const news = { kind: 'lines', ref, sealed: true, past: false, lines } as const;
    driven.post({ kind: 'engine', event: { kind: 'chat', news } });
  }
  checkRows('unread', [titleRow(driven.state, 100, look)], 100);
  driven.press('C');
  dialog('the chat');
  driven.press('tab', 'C-t', 'up', 'up').post({ kind: 'typed', text: sentence });
  dialog('another room of the chat');
  driven.press('up').post({ kind: 'chat-not-joined', ref: '#crew', error: [1, sentence, 0] });
  dialog('a room that one is not in');
  driven.press('escape');
}

/** Everything that shows foreign text, once, with these. */
function everywhere(names: readonly Name[], sentence: string): void {
  const [first, second, third] = names as [Name, Name, Name];
  const entry = (name: Name, kind: Entry['kind']): Entry => ({ ...file('x'), name, kind });
  const error = toWireError(new FerryError(Code.IO_ERROR, sentence));
  // Also where all three begin with a dot.
  const driven = new Driven('share', 'home', size).press('.');
  driven.list(
    'remote',
    entry(first, EntryKind.file),
    entry(second, EntryKind.folder),
    entry(third, EntryKind.symlink),
  );
  driven.state = { ...driven.state, remote: { ...driven.state.remote, path: [first, second, third] } };
  const failed: Partial<Job> = {
    phase: 'failed',
    failedFiles: 2,
    error,
    failures: [{ source: [first, second], error }],
  };
  const changed = [
    job(1, { source: [first, second], target: [third], server: sentence }),
    job(2, { ...failed, source: [first], target: [second, third], server: sentence, digest: sentence }),
    job(3, { phase: 'done', source: [third] }),
  ];
  driven.post({
    kind: 'engine',
    event: { kind: 'jobs', changed, removed: [], totals: { doneBytes: 0, totalBytes: 0, rate: 0 } },
  });

  const rect = { left: 0, top: 0, width: 47, height: 12 };
  const pane = (surface: string): void =>
    checkRows(
      surface,
      paneRowsOf(driven.state.remote, rect, { look, focused: true, nowMs: 0, place: 'server: ' }),
      47,
    );
  pane('pane');
  driven.state = { ...driven.state, remote: { ...driven.state.remote, error: show(sentence) } };
  pane('pane with an error');
  for (const focused of [true, false])
    checkRows('queue', queueRowsOf(driven.state.queue, { ...rect, width: 90 }, look, focused, 'nothing'), 90);

  const dialog = (surface: string, shown: Dialog | undefined = driven.state.dialog): void => {
    assert.ok(shown, surface);
    const { rect: place, rows } = dialogRowsOf(shown, driven.state, look);
    checkRows(surface, rows, place.width);
  };
  driven.press('home', 'down', 'f8');
  dialog('delete');
  driven.press('escape', 'f2');
  if (driven.state.dialog?.kind === 'prompt') {
    dialog('rename');
    driven.press('home');
    dialog('rename, at the beginning');
  } else {
    checkRows('a notice', [footerRow(driven.state, 100, look)], 100);
  }
  dialog('details', { kind: 'details', job: 2, top: 0 });
  const decision = decide('ask', {
    job: 1,
    direction: 'download',
    sourcePath: [first, second],
    targetPath: [third, second, first],
    source: { kind: EntryKind.file, size: 1, modified: { s: 1, ns: 0 } },
    target: { kind: EntryKind.file, size: 2, modified: { s: 2, ns: 0 } },
  });
  assert.ok(decision.do === 'ask');
  dialog('a name that is taken', { kind: 'conflict', question: decision.question, chosen: 0, scope: 'this' });

  const status = (connection: typeof driven.state.connection): void =>
    checkRows('title', [titleRow({ ...driven.state, connection, address: show(sentence) }, 100, look)], 100);
  status({ phase: 'online', address: sentence, user: sentence, readOnly: true, rttMs: 3 });
  status({ phase: 'offline', error, retryMs: 1000, attempt: 1 });
  status({ phase: 'closed', error });
  const said = driven.post({ kind: 'failed', doing: showName(first), error }).state;
  checkRows('a failure', [footerRow(said, 100, look)], 100);

  panesBeyond(driven, names, dialog);
  chat(driven, names, sentence, dialog);

  const printed: string[] = [];
  const printer = textPrinter({ write: (text) => printed.push(text), columns: () => undefined });
  for (const one of changed) printer.ended(one);
  for (const line of printed) checkLine('what commands print', line);
  for (const one of changed) {
    const line = toJsonLine(jsonJob(one));
    assert.equal(acted.exec(line.slice(0, -1)), null, line);
    assert.equal(line.at(-1), '\n');
  }
  const who = { user: show(sentence), peer: '10.0.0.5:1' };
  for (const json of [true, false]) {
    const log = openLog({ json, write: (line) => checkLine('log', line), now: () => 0 });
    log({ what: 'joined', who, client: show(sentence), readOnly: false, by: 'with an invite' });
    log({ what: 'renamed', who, path: showName(first), to: showName(second) });
    log({ what: 'refused', peer: '10.0.0.6:1', code: 'AUTH_FAILED', why: show(sentence) });
  }
}

describe('hostile text', () => {
  test('on every surface: nothing that a terminal acts on, no row of another width (TERM-01…09, TERM-11, TERM-12, TERM-14)', (t) => {
    t.diagnostic(`seed: ${seed}`);
    const random = randomFrom(seed);
    const total = runs(4_000);
    for (let i = 0; i < total; i += 4) {
      const names = Array.from({ length: 3 }, () => checkName(hostileName(random)));
      everywhere(names, hostileText(random));
    }
    t.diagnostic(
      `count: ${total} hostile strings on 29 surfaces each, forbidden characters 0, misaligned rows 0`,
    );
  });

  test('through the screen library to a terminal: only what we draw with, and every border in its column (TERM-01…09, TERM-11)', async (t) => {
    t.diagnostic(`seed: ${seed}`);
    const random = randomFrom(seed);
    const screens = runs(150);
    const perPane = 70;
    const side = Buffer.from('│').toString('latin1');
    const [columns, rows] = [160, 100];
    const terminal = new FakeTerminal(columns, rows);
    const names = new Set<string>();
    let checked = 0;
    for (let i = 0; i < screens; i++) {
      const batch = (): Entry[] =>
        Array.from({ length: perPane }, () => ({
          ...file('x'),
          name: checkName(hostileName(random).replaceAll(side, 'I')),
        })).filter(({ name }) => isOfOneWidth(name) && !names.has(name) && names.add(name));
      const driven = new Driven('share', 'home', { columns, rows })
        .list('remote', ...batch())
        .list('local', ...batch());
      driven.state = { ...driven.state, notice: { text: show(hostileText(random)), isError: true } };
      const screen = (await terminal.draw(driven.state)).split('\n');
      for (const [y, line] of screen.slice(2, 60).entries()) {
        if (!line.startsWith('│')) continue;
        checked += 1;
        assert.deepEqual(terminal.bordersAt(y + 2), [0, columns / 2 - 1, columns / 2, columns - 1], line);
      }
    }
    assert.ok(checked > 50 * screens, `${checked} rows`);
    const left = terminal.output.replaceAll(ours, '');
    const found = acted.exec(left);
    assert.equal(
      found,
      null,
      JSON.stringify(left.slice(Math.max(0, (found?.index ?? 0) - 40), (found?.index ?? 0) + 40)),
    );
    assert.ok(!terminal.output.includes(`${esc}]52`), 'the clipboard was touched');
    t.diagnostic(
      `count: ${names.size} hostile names drawn on ${screens} screens, ${terminal.output.length} bytes, ${checked} rows, misaligned 0`,
    );
    terminal.close();
  });

  test('the longest path and name cost no more time to draw than they must (TERM-10)', () => {
    const longest = checkName('\xff'.repeat(255));
    const path = Array.from({ length: 16 }, () => longest);
    const driven = new Driven('share', 'home', size);
    driven.state = { ...driven.state, remote: { ...driven.state.remote, path } };
    const rect = { left: 0, top: 0, width: 47, height: 12 };
    const began = process.threadCpuUsage();
    for (let i = 0; i < 10; i++)
      paneRowsOf(driven.state.remote, rect, { look, focused: true, nowMs: 0, place: 'server: ' });
    const { user, system } = process.threadCpuUsage(began);
    assert.ok((user + system) / 10_000 < 50, `${(user + system) / 10_000} ms for one frame`);
  });

  test('both identities of a mismatch stand in lines of their own, whatever the host is called (TERM-11)', () => {
    const one = fingerprintFromHash(Buffer.alloc(32, 1));
    const words = mismatch('\x1b[2Jhost\n:1', one, one).message.split('\n').map(show).join('\n');
    assert.equal(/[\p{Cc}\p{Cf}]/u.exec(words.replaceAll('\n', '')), null);
  });
});
