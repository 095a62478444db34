/** Looking at a file: what keys show of it, and how little of it is read. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, type Facts, FerryError, limits, toWireError } from '@ferry/protocol';
import type { Cmd } from '@ferry/tui/state/cmd';
import { viewerExtent } from '@ferry/tui/state/layout';
import { shownRows } from '@ferry/tui/state/viewer';
import { Driven, file, folder, link } from '../support/drive.ts';

/** A file that answers what is read of it. */
class Looked {
  readonly driven: Driven;
  #at: (offset: number) => number;
  size: number;
  identity = '1';
  read = 0;

  constructor(content: Uint8Array | { size: number; at: (offset: number) => number }, keys = ['f3']) {
    this.size = content instanceof Uint8Array ? content.length : content.size;
    this.#at = content instanceof Uint8Array ? (offset) => content[offset] ?? 0 : content.at;
    this.driven = new Driven('share', 'home', { columns: 40, rows: 12 }).list('remote', file('f'), link('l'));
    this.driven.taken();
    this.driven.press('down', ...keys);
    this.answer();
  }

  get facts(): Facts {
    return { ...file('f', this.size), identity: this.identity };
  }

  content(offset: number, length: number): Uint8Array {
    return Uint8Array.from({ length: Math.max(0, Math.min(length, this.size - offset)) }, (_, i) =>
      this.#at(offset + i),
    );
  }

  /** Answers everything that is read, until nothing more is. */
  answer(): this {
    for (let round = 0; round < 100; round++) {
      const reads = this.driven.taken().filter((cmd) => cmd.kind === 'look');
      const read = reads.at(-1);
      if (read?.kind !== 'look') return this;
      const { offset, length } = read.piece;
      assert.ok(length <= limits.rangeBytes);
      const content = this.content(offset, length);
      this.read += content.length;
      this.driven.post({ kind: 'looked', request: read.request, offset, facts: this.facts, content });
    }
    throw new Error('it goes on reading');
  }

  /** What is wanted now; what is only looked for later is left. */
  answerAll(): void {
    for (;;) {
      const read = this.driven.taken().findLast((cmd) => cmd.kind === 'look');
      if (read?.kind !== 'look') return;
      const { offset, length } = read.piece;
      const content = this.content(offset, length);
      this.driven.post({ kind: 'looked', request: read.request, offset, facts: this.facts, content });
      if (read.isLater) return;
    }
  }

  press(...keys: string[]): this {
    for (const key of keys) {
      this.driven.press(key);
      this.answer();
    }
    return this;
  }

  get rows(): string[] {
    const { viewer, size } = this.driven.state;
    assert.ok(viewer);
    return shownRows(viewer, viewerExtent(size)).map(({ chars }) => chars.map(({ text }) => text).join(''));
  }

  get viewer() {
    const { viewer } = this.driven.state;
    assert.ok(viewer);
    return viewer;
  }
}

const numbered = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => `line ${i + 1}\n`).join(''));
/** Ten rows fit. */
const page = 10;

describe('the viewer', () => {
  test('shows the beginning and walks', () => {
    const looked = new Looked(numbered(100));
    assert.equal(looked.rows.length, page);
    assert.equal(looked.rows[0], 'line 1');
    assert.equal(looked.press('down', 'down').rows[0], 'line 3');
    assert.equal(looked.press('up').rows[0], 'line 2');
    assert.equal(looked.press('pagedown').rows[0], 'line 11');
    assert.equal(looked.press('pageup', 'pageup').rows[0], 'line 1');
    assert.equal(looked.press('end').rows.at(-1), 'line 100');
    assert.equal(looked.rows.length, page);
    assert.equal(looked.press('down', 'pagedown').rows.at(-1), 'line 100');
    assert.equal(looked.press('home').rows[0], 'line 1');
  });

  test('Enter on a file opens it, Esc, q and F3 leave it', () => {
    for (const key of ['escape', 'q', 'f3', 'f10']) {
      const looked = new Looked(numbered(3), ['enter']);
      assert.equal(looked.rows.length, 3);
      looked.press(key);
      assert.equal(looked.driven.state.viewer, undefined);
      assert.equal(looked.driven.state.isQuitting, false);
    }
  });

  test('a link is followed on the user’s own side alone', () => {
    const driven = new Driven().list('remote', link('l')).list('local', link('l'));
    driven.press('down', 'f3');
    assert.match(driven.state.notice?.text ?? '', /not followed/);
    assert.deepEqual(
      driven.taken().filter(({ kind }) => kind === 'look'),
      [],
    );
    driven.press('tab', 'down', 'f3');
    assert.equal(driven.state.viewer?.side, 'local');
  });

  test('F3 on a folder goes in', () => {
    const driven = new Driven().list('remote', folder('d'));
    driven.press('down', 'f3');
    assert.deepEqual([driven.path(), driven.state.viewer], [['share', 'd'], undefined]);
  });

  test('an empty file is an empty page', () => {
    const looked = new Looked(Buffer.alloc(0));
    assert.deepEqual(looked.rows, []);
    assert.deepEqual(looked.press('end', 'pageup', 'down', 'h').rows, []);
  });

  test('the end and the middle of a huge file cost a few hundred kB', () => {
    const size = 50e9;
    const looked = new Looked({ size, at: (offset) => (offset % 20 === 19 ? 0x0a : 0x61) });
    looked.press('end');
    assert.equal(looked.rows.length, page);
    assert.ok(looked.viewer.top > size - 1000);
    looked.press('pageup', 'pageup', 'home', 'g', '5', '0', '%', 'enter');
    assert.ok(Math.abs(looked.viewer.top - size / 2) < 100);
    assert.ok(looked.read < 700_000, `${looked.read} bytes were read`);
  });

  test('keys pressed before the first bytes were there were lost', () => {
    assert.equal(new Looked(numbered(10_000), ['f3', 'end']).rows.at(-1), 'line 10000');
    const byte = new Looked(numbered(10_000), ['f3', 'g', '@', '5', '0', '0', 'enter']);
    assert.ok(byte.viewer.top <= 500 && byte.viewer.top > 480);
    const driven = new Driven().list('remote', file('f')).press('down', 'f3', 'g', '9', 'enter');
    assert.ok(driven.taken().some((cmd) => cmd.kind === 'find-line' && cmd.line === 9));
    // What 50 % is cannot be known yet.
    const { dialog } = driven.press('g', '5', '0', '%', 'enter').state;
    assert.match(dialog?.kind === 'prompt' ? `${dialog.error}` : '', /not known yet/);
  });

  test('a byte is gone to, in either way of writing', () => {
    const looked = new Looked(numbered(10_000));
    looked.press('g', '@', '5', '0', '0', 'enter');
    assert.ok(looked.viewer.top <= 500 && looked.viewer.top > 480);
    looked.press('g', '@', '0', 'x', '3', 'e', '8', 'enter');
    assert.ok(looked.viewer.top <= 1000 && looked.viewer.top > 980);
  });

  test('what is no place stays in its prompt with why', () => {
    const looked = new Looked(numbered(10));
    for (const text of ['x', '101%', '-3', '@', '1.5']) {
      looked.press('g', ...text, 'enter');
      const { dialog } = looked.driven.state;
      assert.ok(dialog?.kind === 'prompt' && dialog.error !== undefined, text);
      looked.press('escape');
    }
  });

  test('a line is counted by whoever reads, and its place gone to', () => {
    const looked = new Looked(numbered(10_000));
    looked.driven.press('g', '9', '0', '0', 'enter');
    const cmd = looked.driven.taken().find(({ kind }) => kind === 'find-line');
    assert.ok(cmd?.kind === 'find-line' && cmd.line === 900);
    assert.equal(looked.viewer.work?.kind, 'line');
    looked.driven.post({ kind: 'works-at', request: cmd.request, at: 77 });
    assert.equal(looked.viewer.work?.at, 77);
    const at = numbered(899).length;
    looked.driven.post({ kind: 'worked', request: cmd.request, at });
    assert.equal(looked.answer().rows[0], 'line 900');
    assert.equal(looked.viewer.work, undefined);
  });

  test('a search goes on from the last place, forward and backward, and can be stopped', () => {
    const looked = new Looked(numbered(10_000));
    const find = (...keys: string[]): Cmd & { kind: 'find-text' } => {
      looked.driven.press(...keys);
      const cmd = looked.driven.taken().find(({ kind }) => kind === 'find-text');
      assert.ok(cmd?.kind === 'find-text');
      return cmd;
    };
    const first = find('/', '9', '0', '0', 'enter');
    assert.deepEqual([first.from, first.by, first.pattern.text], [0, 1, '900']);
    const at = numbered(899).length + 5;
    looked.driven.post({ kind: 'worked', request: first.request, at });
    assert.ok(looked.answer().rows.includes('line 900'));
    const next = find('n');
    assert.deepEqual([next.from, next.by], [at + 1, 1]);
    looked.driven.post({ kind: 'worked', request: next.request, at: undefined });
    assert.match(looked.driven.state.notice?.text ?? '', /900 is not found/);
    assert.deepEqual([find('N').from, find('?', 'enter').by], [at, -1]);
    // Who has walked away from the place goes on from what is seen.
    looked.press('escape', 'home');
    const running = find('n');
    assert.equal(running.from, 0);
    looked.driven.press('escape');
    assert.deepEqual(looked.driven.taken(), [{ kind: 'stop', request: running.request }]);
    looked.driven.post({ kind: 'worked', request: running.request, at: 500 });
    assert.equal(looked.viewer.top, 0);
    assert.equal(looked.viewer.work, undefined);
  });

  test('a match beyond the right edge is brought into sight', () => {
    const looked = new Looked(Buffer.from(`${'x'.repeat(500)}needle\nend\n`));
    looked.press('w');
    looked.driven.press('/', 'n', 'e', 'e', 'd', 'l', 'e', 'enter');
    const cmd = looked.driven.taken().find(({ kind }) => kind === 'find-text');
    assert.ok(cmd?.kind === 'find-text');
    looked.driven.post({ kind: 'worked', request: cmd.request, at: 500 });
    assert.match(looked.rows[0] ?? '', /needle/);
    looked.press('w');
    assert.equal(looked.viewer.column, 0);
  });

  test('wrap and hex keep the place', () => {
    const looked = new Looked(numbered(10_000));
    looked.press('pagedown', 'pagedown', 'h');
    assert.equal(looked.viewer.mode, 'hex');
    assert.ok(Math.abs(looked.viewer.top - numbered(18).length) < 16);
    looked.press('h');
    assert.equal(looked.rows[0]?.startsWith('line 1'), true);
    looked.press('w', 'right');
    assert.equal(looked.viewer.column, 8);
  });

  test('what holds a NUL at its beginning is shown in hexadecimal', () => {
    assert.equal(new Looked(Buffer.from('a\0b')).viewer.mode, 'hex');
    assert.equal(new Looked(Buffer.from('ab')).viewer.mode, 'text');
  });

  test('a file that grew is read on at its end; one that is another, from here', () => {
    let content = numbered(20);
    const looked = new Looked({ size: content.length, at: (offset) => content[offset] ?? 0 });
    content = numbered(30);
    looked.size = content.length;
    looked.identity = '2';
    looked.press('C-r', 'end');
    assert.equal(looked.rows.at(-1), 'line 30');
    content = numbered(2);
    looked.size = content.length;
    looked.identity = '3';
    assert.deepEqual(looked.press('C-r').rows, ['line 1', 'line 2']);
  });

  test('of a file that was replaced while one reads on, nothing of before is shown', () => {
    let letter = 0x61;
    const looked = new Looked({ size: 200_000, at: (offset) => (offset % 20 === 19 ? 0x0a : letter) });
    letter = 0x62;
    looked.identity = '2';
    while (looked.read < 60_000) looked.press('pagedown');
    looked.press('home');
    assert.deepEqual(new Set(looked.rows), new Set(['b'.repeat(19)]));
  });

  test('F stays at the end of a file that grows, and any step away ends that', () => {
    let content = numbered(20);
    const looked = new Looked({ size: content.length, at: (offset) => content[offset] ?? 0 });
    const later = (): boolean => {
      const cmd = looked.driven.taken().findLast(({ kind }) => kind === 'look');
      if (cmd?.kind !== 'look') return false;
      assert.deepEqual([cmd.isLater, cmd.piece.offset], [true, looked.viewer.facts?.size]);
      const { offset, length } = cmd.piece;
      const bytes = looked.content(offset, length);
      looked.driven.post({
        kind: 'looked',
        request: cmd.request,
        offset,
        facts: looked.facts,
        content: bytes,
      });
      return true;
    };
    looked.driven.press('F');
    assert.ok(later());
    assert.equal(looked.rows.at(-1), 'line 20');
    content = numbered(40);
    looked.size = content.length;
    looked.identity = '2';
    assert.ok(later());
    assert.equal(looked.rows.at(-1), 'line 40');
    // It begins anew.
    content = numbered(3);
    looked.size = content.length;
    looked.identity = '3';
    assert.ok(later());
    looked.answerAll();
    assert.equal(looked.rows.at(-1), 'line 3');
    looked.driven.press('up');
    assert.equal(looked.viewer.follows, false);
    looked.driven.taken();
    looked.driven.press('down');
    assert.ok(!later());
  });

  test('late bytes are ignored, and a failure stays on the screen until a key tries again', () => {
    const looked = new Looked({ size: 10e6, at: () => 0x61 });
    looked.driven.press('end');
    const [first] = looked.driven.taken().filter(({ kind }) => kind === 'look');
    assert.ok(first?.kind === 'look');
    looked.driven.press('home');
    const now = looked.driven.taken();
    assert.ok(now.some((cmd) => cmd.kind === 'stop' && cmd.request === first.request));
    looked.driven.post({
      kind: 'looked',
      request: first.request,
      offset: first.piece.offset,
      facts: looked.facts,
      content: looked.content(first.piece.offset, 10),
    });
    assert.equal(looked.viewer.top, 0);
    looked.driven.press('end');
    const read = looked.driven.taken().find(({ kind }) => kind === 'look');
    assert.ok(read?.kind === 'look');
    const lost = toWireError(new FerryError(Code.CONNECTION_LOST, 'the connection was lost'));
    looked.driven.post({ kind: 'unlooked', request: read.request, error: lost });
    assert.match(looked.viewer.error ?? '', /lost/);
    assert.deepEqual(looked.driven.taken(), []);
    looked.press('end');
    assert.equal(looked.viewer.error, undefined);
    assert.ok(looked.viewer.top > 9e6);
  });

  test('a source that gives fewer bytes than it says is not asked for ever', () => {
    const driven = new Driven('share', 'home', { columns: 40, rows: 12 }).list('remote', file('f'));
    driven.press('down', 'f3');
    const read = driven.taken().find(({ kind }) => kind === 'look');
    assert.ok(read?.kind === 'look');
    const facts = { ...file('f', 4096), identity: 'x' };
    driven.post({ kind: 'looked', request: read.request, offset: 0, facts, content: new Uint8Array(0) });
    assert.deepEqual(driven.taken(), []);
    assert.match(driven.state.viewer?.error ?? '', /cannot be read/);
  });

  describe('of an archive', () => {
    const lines = Array.from({ length: 50 }, (_, i) => `entry ${i + 1}\n`).join('');

    function listing(): { driven: Driven; request: number } {
      const driven = new Driven('share', 'home', { columns: 40, rows: 12 }).list('remote', file('a.zip'));
      driven.taken();
      driven.press('down', 'f3');
      const cmd = driven.taken().find(({ kind }) => kind === 'list-archive');
      assert.ok(cmd?.kind === 'list-archive' && cmd.format === 'zip');
      return { driven, request: cmd.request };
    }

    const rowsOf = ({ state: { viewer, size } }: Driven): string[] =>
      viewer === undefined
        ? []
        : shownRows(viewer, viewerExtent(size)).map(({ chars }) => chars.map(({ text }) => text).join(''));

    test('shows what is in it, searched and gone about in without asking anybody', () => {
      const { driven, request } = listing();
      driven.post({
        kind: 'archive-listed',
        request,
        text: Buffer.from(lines),
        facts: { ...file('a.zip', 9e9), identity: 'x' },
      });
      assert.equal(rowsOf(driven)[0], 'entry 1');
      driven.press('/', ...'ENTRY', 'escape', '/', ...'entry 33', 'enter');
      assert.ok(rowsOf(driven).includes('entry 33'));
      driven.press('n');
      assert.match(driven.state.notice?.text ?? '', /not found/);
      driven.press('g', '7', 'enter');
      assert.equal(rowsOf(driven)[0], 'entry 7');
      driven.press('end');
      assert.equal(rowsOf(driven).at(-1), 'entry 50');
      assert.deepEqual(driven.taken(), []);
      // Its own bytes.
      driven.press('h');
      assert.equal(driven.taken()[0]?.kind, 'look');
    });

    test('that is none in spite of its name is a file like others', () => {
      const { driven, request } = listing();
      const error = toWireError(new FerryError(Code.INTEGRITY, 'this is no zip archive'));
      driven.post({ kind: 'unlooked', request, error });
      assert.equal(driven.taken()[0]?.kind, 'look');
      assert.match(driven.state.notice?.text ?? '', /no zip archive/);
    });

    test('is left while it is listed', () => {
      const { driven, request } = listing();
      driven.press('escape');
      assert.deepEqual(driven.taken(), [{ kind: 'stop', request }]);
      driven.post({
        kind: 'archive-listed',
        request,
        text: Buffer.from(lines),
        facts: { ...file('a'), identity: 'x' },
      });
      assert.equal(driven.state.viewer, undefined);
    });
  });
});
