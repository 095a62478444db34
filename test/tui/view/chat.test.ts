/** The panel of the chat: what its keys do, what is unread, and how it looks, as golden text. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, pathFromText } from '@ferry/protocol';
import type { ChatLine, ChatNews } from '@ferry/tui/engine/chat';
import { speaksTo } from '@ferry/tui/state/chat';
import type { Cmd } from '@ferry/tui/state/cmd';
import { rememberedFrom } from '@ferry/tui/state/remembered';
import { golden } from '../../support/golden.ts';
import { Driven, file, folder } from '../support/drive.ts';
import { FakeTerminal } from '../support/fake-terminal.ts';

process.env['TZ'] = 'UTC';

const morning = 1_760_000_400_000;

function line(seq: number, from: string, text: string, more: Partial<ChatLine> = {}): ChatLine {
  const ms = morning + seq * 60_000;
  return { seq, ms, from, own: from === 'anna', text, path: undefined, notes: [], ...more };
}

function lines(
  ref: string,
  said: readonly ChatLine[],
  more: { past?: boolean; sealed?: boolean } = {},
): ChatNews {
  return { kind: 'lines', ref, sealed: false, past: false, ...more, lines: said };
}

function tell(driven: Driven, news: ChatNews): Driven {
  return driven.post({ kind: 'engine', event: { kind: 'chat', news } });
}

function started(columns = 80, rows = 24): Driven {
  const driven = new Driven('share', 'home', { columns, rows })
    .list('remote', folder('films'), file('notes.txt'))
    .list('local', file('own'));
  driven.state = { ...driven.state, notice: undefined };
  driven.taken();
  return driven.post({
    kind: 'chat-rooms',
    rooms: [
      { ref: '#crew', sealed: false, lastMs: 5 },
      { ref: '#safe', sealed: true, lastMs: 4 },
      { ref: '#deck', sealed: false, lastMs: 3 },
    ],
  });
}

function talking(columns = 80, rows = 24): Driven {
  const driven = started(columns, rows);
  for (const ref of ['#crew', '#deck']) driven.post({ kind: 'chat-joined', ref });
  tell(driven, lines('#crew', [line(1, 'bert', 'good morning'), line(2, 'anna', 'hello')], { past: true }));
  driven.taken();
  return driven;
}

const room = ({ state }: Driven, ref: string) => state.chat.rooms.find((one) => one.ref === ref);
/** How far one has read is remembered with nearly everything, and opening looks which rooms there are. */
const wanted = (driven: Driven): Cmd[] =>
  driven.taken().filter(({ kind }) => kind !== 'remember' && kind !== 'chat-rooms');
const asked = ({ state: { dialog } }: Driven): string | undefined =>
  dialog?.kind === 'question' ? `${dialog.lines[0]}` : undefined;
const kinds = (driven: Driven): string[] => wanted(driven).map(({ kind }) => kind);

describe('the chat in the browser', () => {
  test('enters open rooms by itself, asks for a passphrase where there is one, and makes a lobby where nothing is', () => {
    const driven = started();
    assert.deepEqual(
      driven.taken().flatMap((cmd) => (cmd.kind === 'chat-join' ? [[cmd.ref, cmd.create]] : [])),
      [
        ['#crew', false],
        ['#deck', false],
      ],
    );
    driven.press('C', 'tab', 'enter');
    assert.equal(driven.state.dialog?.kind, 'prompt');
    driven.press('a', 'h', 'o', 'y', 'enter');
    assert.deepEqual(wanted(driven), [{ kind: 'chat-join', ref: '#safe', passphrase: 'ahoy', create: true }]);
    assert.deepEqual([driven.state.dialog?.kind, room(driven, '#safe')?.phase], ['chat', 'entering']);
    const wrong = [Code.AUTH_FAILED, 'that is not the passphrase of this room', 0] as const;
    driven.post({ kind: 'chat-not-joined', ref: '#safe', error: wrong });
    assert.match(room(driven, '#safe')?.error ?? '', /not the passphrase/);
    // Away from the question leads back to the panel.
    driven.press('enter', 'escape');
    assert.equal(driven.state.dialog?.kind, 'chat');
    const alone = new Driven();
    alone.taken();
    alone.post({ kind: 'chat-rooms', rooms: [] }).press('C');
    assert.deepEqual(wanted(alone), [
      { kind: 'chat-join', ref: '#lobby', passphrase: undefined, create: true },
    ]);
    const off = new Driven().post({ kind: 'chat-off', error: [Code.FORBIDDEN, 'no chat here', 0] });
    off.press('C');
    assert.deepEqual([off.state.dialog, off.state.notice?.text], [undefined, 'no chat here [FORBIDDEN]']);
  });

  test('says lines, has typed ones again, and gives back what could not be said', () => {
    const driven = talking().press('C', 'h', 'i', 'enter', 'y', 'o', 'enter');
    const said = (text: string) => ({ kind: 'chat-say', ref: '#crew', text, path: undefined });
    assert.deepEqual(wanted(driven), [said('hi'), said('yo')]);
    const typed = (): string => driven.state.chat.line.text;
    driven.press('C-p');
    assert.equal(typed(), 'yo');
    driven.press('C-p', 'C-p');
    assert.equal(typed(), 'hi');
    driven.press('C-n', 'C-n');
    assert.equal(typed(), '');
    driven.post({ kind: 'chat-not-said', ref: '#crew', text: 'hi', error: [Code.LIMIT, 'too much', 0] });
    assert.deepEqual([typed(), driven.state.notice?.text], ['hi', 'not said: too much [LIMIT]']);
    driven.press('C-u').post({ kind: 'typed', text: 'two\nlines\tof\u00a0it' }).press('enter');
    assert.deepEqual(wanted(driven), [said('two lines of it')]);
    driven.press('enter', 'space', 'enter');
    assert.deepEqual(wanted(driven), [], 'nothing is not said');
    driven.post({ kind: 'typed', text: 'ü'.repeat(2049) }).press('enter');
    assert.deepEqual([wanted(driven), driven.state.notice?.isError], [[], true]);
  });

  test('attaches what is under the cursor, and goes to what others have attached', () => {
    const driven = talking().press('down', 'C', 'C-t', 'l', 'o', 'o', 'k', 'enter');
    const films = pathFromText('share/films');
    assert.deepEqual(wanted(driven), [{ kind: 'chat-say', ref: '#crew', text: 'look', path: films }]);
    assert.equal(driven.state.chat.attached, undefined);
    driven.press('C-t', 'C-t', 'C-t', 'enter');
    assert.deepEqual(wanted(driven), [{ kind: 'chat-say', ref: '#crew', text: 'films', path: films }]);
    tell(driven, lines('#crew', [line(3, 'bert', 'here', { path: pathFromText('other/place/it.txt') })]));
    driven.taken();
    driven.press('up', 'enter');
    assert.deepEqual([driven.state.dialog, driven.state.focus], [undefined, 'remote']);
    assert.deepEqual(kinds(driven), ['watch', 'list', 'space']);
    driven.list('remote', file('a'), file('it.txt'), file('z'));
    assert.deepEqual([driven.state.remote.path, driven.at()], [pathFromText('other/place'), 'it.txt']);
  });

  test('takes a chosen line away after a question, mutes who said it for a while, and comes back', () => {
    const driven = talking().press('C');
    wanted(driven);
    driven.press('C-d');
    assert.match(`${driven.state.notice?.text}`, /choose a line first/);
    driven.press('x', 'up', 'delete');
    assert.equal(driven.state.dialog?.kind, 'chat', 'with something typed it erases that');
    driven.press('backspace', 'up', 'up', 'delete');
    assert.deepEqual(asked(driven), 'bert: good morning');
    driven.press('n');
    assert.deepEqual([driven.state.dialog?.kind, wanted(driven)], ['chat', []]);
    driven.press('up', 'up', 'C-d', 'y');
    assert.deepEqual(
      [driven.state.dialog?.kind, wanted(driven)],
      ['chat', [{ kind: 'chat-unsay', ref: '#crew', seq: 1 }]],
    );
    driven.press('up', 'f9');
    assert.match(`${driven.state.notice?.text}`, /said yourself/);
    const mutings = [
      ['1h', 3_600_000],
      ['', undefined],
      ['0', 0],
    ] as const;
    for (const [typed, ms] of mutings) {
      driven.press('up', 'up', 'f9', 'C-u', ...typed, 'enter');
      assert.deepEqual(
        [driven.state.dialog?.kind, wanted(driven)],
        ['chat', [{ kind: 'chat-mute', name: 'bert', ms }]],
      );
    }
    driven.press('up', 'up', 'f9', 'C-u', ...'soon', 'enter');
    assert.deepEqual([driven.state.dialog?.kind, wanted(driven)], ['prompt', []]);
    driven.press('escape');
    assert.equal(driven.state.dialog?.kind, 'chat');
  });

  test('shows in place of what was taken away that it was, and tells nobody of it as news', () => {
    const driven = talking();
    const taking = line(4, 'root', '', { takes: 1 });
    tell(driven, lines('#crew', [line(3, 'bert', 'anna?'), taking]));
    const shown = room(driven, '#crew')?.lines.map(({ seq, text, notes }) => [seq, text, notes]);
    assert.deepEqual(shown, [
      [1, '', ['taken']],
      [2, 'hello', []],
      [3, 'anna?', []],
    ]);
    assert.equal(room(driven, '#crew')?.unread, 1);
    // As those see it who come later.
    tell(
      driven,
      lines('#crew', [line(5, 'bert', '', { notes: ['taken'] }), line(6, 'bert', '', { takes: 5 })]),
    );
    assert.deepEqual(room(driven, '#crew')?.lines.at(-1)?.notes, ['taken']);
    assert.equal(room(driven, '#crew')?.unread, 1);
  });

  test('counts what is unread, and calls once for who is spoken to', () => {
    const driven = talking();
    const unread = (): number | undefined => room(driven, '#crew')?.unread;
    assert.equal(unread(), 0, 'what was said before one came is not new');
    tell(driven, lines('#crew', [line(3, 'bert', 'lunch?'), line(4, 'anna', 'from my other screen')]));
    assert.deepEqual([unread(), kinds(driven)], [1, []]);
    tell(driven, lines('#crew', [line(5, 'bert', '@Anna?')]));
    assert.deepEqual([unread(), kinds(driven)], [2, ['notify']]);
    tell(driven, lines('#crew', [line(6, 'bert', 'anna!')]));
    assert.deepEqual([unread(), kinds(driven)], [3, []], 'once, until it was read');
    tell(driven, lines('@cleo', [line(1, 'cleo', 'psst')]));
    assert.deepEqual(kinds(driven), ['notify']);
    driven.press('C');
    assert.deepEqual([driven.state.chat.at, unread()], ['#crew', 0], 'it opens where one was called');
    tell(driven, lines('#crew', [line(7, 'bert', 'anna')]));
    assert.deepEqual([unread(), kinds(driven)], [0, []], 'what is seen is read');
    driven.press('up');
    tell(driven, lines('#crew', [line(8, 'bert', 'more')]));
    assert.equal(unread(), 1, 'below what is looked at');
    driven.press('down', 'down');
    assert.equal(unread(), 0);
    driven.press('escape');
    assert.equal(room(driven, '@cleo')?.unread, 1);
    for (const text of ['Anna', 'hey anna.', '@ANNA', 'anna: x']) assert.ok(speaksTo(text, 'anna'), text);
    for (const text of ['joanna', 'annas', 'a n n a', '']) assert.ok(!speaksTo(text, 'anna'), text);
    assert.ok(speaksTo('hello j.d*', 'j.d*') && !speaksTo('jxd', 'j.d'));
    assert.ok(!speaksTo('anything', ''));
  });

  test('remembers how far one has read, and counts from there the next time', () => {
    const driven = talking().press('C');
    const kept = driven.taken().flatMap((cmd) => (cmd.kind === 'remember' ? cmd.remembered.read : []));
    assert.deepEqual(kept, [{ server: '10.0.0.5:7377', ref: '#crew', seq: 2 }]);
    tell(driven, lines('#crew', [line(3, 'bert', 'and?')]));
    const { remembered } = driven.state;
    assert.equal(remembered.read[0]?.seq, 3);
    assert.deepEqual(rememberedFrom(JSON.parse(JSON.stringify(remembered))), remembered);
    const again = started();
    again.state = { ...again.state, remembered };
    again.taken();
    const night = [line(2, 'anna', 'hello'), line(3, 'bert', 'and?'), line(4, 'bert', 'anna, you there?')];
    tell(again, lines('#crew', night, { past: true }));
    tell(again, lines('#deck', [line(1, 'bert', 'anna')], { past: true }));
    const talk = [line(1, 'cleo', 'psst'), line(2, 'anna', 'what?'), line(3, 'cleo', 'the plan')];
    tell(again, lines('@cleo', talk, { past: true }));
    const counts = again.state.chat.rooms.map(({ ref, unread, isCalled }) => [ref, unread, isCalled]);
    assert.deepEqual(counts, [
      ['#crew', 1, true],
      ['#safe', 0, false],
      ['#deck', 0, false],
      ['@cleo', 1, true],
    ]);
    assert.deepEqual(kinds(again), [], 'what is long past rings no bell');
    for (const read of [undefined, 3, [3, {}, { server: 'a', ref: 'b', seq: -1 }]]) {
      assert.deepEqual(rememberedFrom({ read }).read, []);
    }
  });

  test('keeps so many lines, and tells why one is not in a room any more', () => {
    const driven = talking();
    for (let i = 0; i < 12; i++) {
      const many = Array.from({ length: 100 }, (_, n) => line(10 + i * 100 + n, 'bert', 'x'));
      tell(driven, lines('#crew', many));
    }
    assert.equal(room(driven, '#crew')?.lines.length, 500);
    tell(driven, { kind: 'out', ref: '#crew', error: [Code.FORBIDDEN, 'you may not talk here', 0] });
    assert.deepEqual(
      [room(driven, '#crew')?.phase, room(driven, '#crew')?.error],
      ['known', 'you may not talk here [FORBIDDEN]'],
    );
    driven.press('C', 'f8');
    assert.deepEqual(wanted(driven), [{ kind: 'chat-leave', ref: '#crew' }]);
    assert.equal(room(driven, '#crew'), undefined);
  });

  for (const [columns, rows] of [
    [100, 30],
    [80, 24],
    [40, 12],
  ] as const) {
    test(`looks like this, and nothing that is said looks like ferry’s own words (CHAT-14), at ${columns}×${rows}`, async () => {
      const driven = talking(columns, rows);
      tell(
        driven,
        lines('#crew', [
          line(3, 'bert', 'the rough cut is up: I am not sure about the third scene, it is too long', {
            path: pathFromText('films/take-01.mov'),
          }),
          line(4, '\u001b[2Jcléo 海', 'which one, anna? \u001b]0;x\u0007', { notes: ['missing'] }),
          line(5, 'bert', '', { notes: ['unreadable'] }),
          line(900, 'dora', '* the server has lost what was said here: it begins anew'),
        ]),
      );
      tell(driven, lines('@a-person-of-a-very-long-name', [line(1, 'x', 'psst')]));
      const terminal = new FakeTerminal(columns, rows);
      const frames = [await terminal.draw(driven.press('f8').press('escape').state)];
      frames.push(await terminal.draw(driven.press('C', 'n', 'o', 'C-t').state));
      frames.push(await terminal.draw(driven.press('C-u', 'C-t', 'up', 'up', 'up').state));
      frames.push(await terminal.draw(driven.press('tab', 'tab').state));
      frames.push(await terminal.draw(driven.press('f7', 'x', 'tab', 's', 'e', 'c').state));
      terminal.close();
      golden(`chat-${columns}x${rows}`, frames.slice(1).join('\n'));
    });
  }
});
