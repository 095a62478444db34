/** The chat as a client has it, against the server's in this process: lost lines, sealed rooms, and a crowd. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { Code, FerryError, fromWireError } from '@ferry/protocol';
import { type ChatMessage, chatMessage, type Say } from '@ferry/protocol/messages';
import { decodeBody, encodeBody, Kind } from '@ferry/protocol/wire';
import { prepareChatFile } from '../../../packages/server/src/chat/chat-file.ts';
import { ChatHistory } from '../../../packages/server/src/chat/chat-history.ts';
import { ChatClient, type ChatEar } from '../../../packages/tui/src/client/chat.ts';
import type { ChatSession } from '../../../packages/tui/src/client/chat-room.ts';
import type { ChatLine, ChatNews } from '../../../packages/tui/src/engine/chat.ts';
import { type ChatServer, chatServer } from '../../support/chat-server.ts';
import { withCode } from '../../support/code.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { path, scratchFolder } from '../../support/scratch.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(met: () => boolean): Promise<void> {
  while (!met()) await turn();
}

type Person = {
  readonly chat: ChatClient;
  readonly news: ChatNews[];
  readonly lines: (ref: string) => readonly ChatLine[];
  readonly texts: (ref: string) => readonly string[];
  /** The line goes dead, and another one is there a few turns later, on any thread. */
  readonly cut: () => void;
};

/** A client whose lines come back by themselves. */
function person(server: ChatServer, user?: string, random: (below: number) => number = () => 0): Person {
  const ears = new Set<ChatEar>();
  let session: ChatSession | undefined;
  let waiting = Promise.withResolvers<ChatSession>();
  const dial = async (): Promise<void> => {
    const fresh = await server.dial(user, random(server.threads.length), {
      onEvent: (event) => {
        for (const ear of ears) ear.event(event);
      },
      onEnd: () => {
        session = undefined;
        waiting = Promise.withResolvers();
        for (const ear of ears) ear.lost();
        void turn().then(redial);
      },
    });
    session = fresh;
    waiting.resolve(fresh);
    for (const ear of ears) ear.session(fresh);
  };
  // Until the test is over.
  const redial = (): Promise<void> => dial().catch(() => {});
  void redial();
  const news: ChatNews[] = [];
  const connection = {
    session: (signal?: AbortSignal): Promise<ChatSession> =>
      session === undefined
        ? Promise.race([
            waiting.promise,
            new Promise<never>((_, reject) => {
              const cancel = (): void => reject(new FerryError(Code.CANCELLED, 'cancelled'));
              signal?.addEventListener('abort', cancel, { once: true });
            }),
          ])
        : Promise.resolve(session),
    listen: (ear: ChatEar) => {
      ears.add(ear);
      if (session !== undefined) ear.session(session);
      return () => ears.delete(ear);
    },
  };
  const lines = (ref: string): readonly ChatLine[] =>
    news.flatMap((one) => (one.kind === 'lines' && one.ref === ref ? one.lines : []));
  return {
    chat: new ChatClient(connection, (one) => news.push(one)),
    news,
    lines,
    texts: (ref) => lines(ref).map(({ text }) => text),
    cut: () => session?.channel.abort(new FerryError(Code.CONNECTION_LOST, 'cut by the test')),
  };
}

const create = { create: true };

describe('a client in the chat', () => {
  it('takes lines away in sealed rooms as in open ones, and reads what others have taken', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const [anna, bert] = [person(server, 'anna'), person(server, 'bert')];
    for (const [ref, passphrase, later] of [
      ['#crew', undefined, 'cleo'],
      ['#safe', 'open sesame', 'dora'],
    ] as const) {
      for (const one of [anna, bert]) await one.chat.join(ref, { ...create, passphrase });
      for (const text of ['one', 'two']) await anna.chat.say(ref, text, undefined);
      await anna.chat.unsay(ref, 1);
      await until(() => bert.lines(ref).length === 3);
      assert.deepEqual(
        bert.lines(ref).map(({ seq, text, takes, notes }) => [seq, text, takes, notes]),
        [
          [1, 'one', undefined, []],
          [2, 'two', undefined, []],
          [3, '', 1, []],
        ],
      );
      const cleo = person(server, later);
      await cleo.chat.join(ref, { ...create, passphrase });
      const [first, second] = cleo.lines(ref);
      assert.deepEqual([first?.text, first?.notes, second?.text], ['', ['taken'], 'two']);
      await assert.rejects(anna.chat.unsay(ref, 99), withCode('NOT_FOUND'));
    }
    await assert.rejects(anna.chat.unsay('#other', 1), withCode('NOT_FOUND'));
    await anna.chat.mute('bert', undefined);
    await assert.rejects(bert.chat.say('#crew', 'but', undefined), withCode('FORBIDDEN'));
  });

  it('hears what was said before it came, then all that is said, its own too', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const [anna, bert] = [person(server, 'anna'), person(server, 'bert')];
    await anna.chat.join('crew', create);
    await anna.chat.say('#crew', 'first', path('docs/plan'));
    await bert.chat.join('#crew', { create: false });
    assert.deepEqual(
      bert.news.map((one) => one.kind === 'lines' && one.past),
      [true],
    );
    await bert.chat.say('#crew', 'second', undefined);
    await until(() => anna.texts('#crew').length === 2 && bert.texts('#crew').length === 2);
    assert.deepEqual(anna.texts('#crew'), ['first', 'second']);
    const [first, second] = bert.lines('#crew');
    assert.deepEqual(
      [first?.from, first?.own, first?.path, second?.own],
      ['anna', false, path('docs/plan'), true],
    );
    await assert.rejects(anna.chat.say('#crew', 'two\nlines', undefined), withCode('USAGE'));
    await assert.rejects(anna.chat.say('#other', 'x', undefined), withCode('NOT_FOUND'));
    await assert.rejects(anna.chat.join('#-x', create), withCode('NAME_INVALID'));
    await assert.rejects(anna.chat.join('#other', { create: false }), withCode('NOT_FOUND'));
    const known = (await bert.chat.rooms()).map(({ ref, sealed }) => [ref, sealed]);
    assert.deepEqual(known, [['#crew', false]]);
    anna.chat.leave('#crew');
    await assert.rejects(anna.chat.say('#crew', 'x', undefined), withCode('NOT_FOUND'));
  });

  it('opens by itself what somebody writes to it directly', async (t) => {
    const server = chatServer(t, scratchFolder(t), 2);
    const random = randomFrom(1);
    const [anna, bert] = [person(server, 'anna', random), person(server, 'bert', () => 1)];
    await bert.chat.rooms();
    await anna.chat.join('@bert', create);
    await anna.chat.say('@bert', 'psst', undefined);
    await until(() => bert.texts('@anna').length === 1);
    await bert.chat.say('@anna', 'what?', undefined);
    await until(() => anna.texts('@bert').length === 2);
    assert.deepEqual(anna.texts('@bert'), ['psst', 'what?']);
    // Who comes later finds what was written meanwhile.
    const again = person(server, 'bert');
    await again.chat.rooms();
    await until(() => again.texts('@anna').length === 2);
  });

  it('goes on where it was after any loss of the line: in order, none lost, none twice (CHAT-05)', async (t) => {
    t.diagnostic(`seed: ${seed}`);
    const random = randomFrom(seed);
    const server = chatServer(t, scratchFolder(t), 3);
    const names = ['anna', 'bert', 'cleo', 'dora'];
    const people = names.map((name) => person(server, name, random));
    // Sealed, so that a box that is sent again is held against what came before.
    for (const one of people) await one.chat.join('#crew', { create: true, passphrase: 'ahoy' });
    const each = runs(25);
    let cuts = 0;
    const speaking = people.map(async ({ chat }, who) => {
      for (let i = 0; i < each; i++) {
        server.now += 250;
        await chat.say('#crew', `${who} ${i}`, undefined);
      }
    });
    const over = Promise.all(speaking).then(() => true);
    for (let done = false; !done; ) {
      for (let i = random(7); i > 0; i--) await turn();
      people[random(people.length)]?.cut();
      cuts += 1;
      done = await Promise.race([over, turn().then(() => false)]);
    }
    const total = each * people.length;
    await until(() => people.every(({ texts }) => texts('#crew').length >= total));
    const order = people[0]?.texts('#crew') ?? [];
    assert.equal(new Set(order).size, total);
    for (const { texts, lines } of people) {
      assert.deepEqual(texts('#crew'), order);
      const told = lines('#crew').flatMap(({ notes }) => notes.filter((note) => note !== 'clock'));
      assert.deepEqual(told, [], 'nothing is said to be wrong');
    }
    for (let who = 0; who < people.length; who++) {
      const own = order.filter((text) => text.startsWith(`${who} `));
      assert.deepEqual(
        own,
        Array.from({ length: each }, (_, i) => `${who} ${i}`),
      );
    }
    t.diagnostic(`count: ${total} messages through ${cuts} cut lines, lost 0, twice 0, out of order 0`);
  });

  it('says it when the server has lost what was said before, and goes on (CHAT-06)', async (t) => {
    const folder = scratchFolder(t);
    const server = chatServer(t, folder);
    const anna = person(server, 'anna');
    await anna.chat.join('#crew', create);
    await anna.chat.say('#crew', 'before', undefined);
    await until(() => anna.texts('#crew').length === 1);
    const other = joinPath(folder, 'other.db');
    prepareChatFile(other);
    const store = new ChatHistory(other);
    t.after(() => store.close());
    const thread = server.threads[0];
    assert.ok(thread);
    Object.assign(thread.hub, { history: store });
    anna.cut();
    await until(() => anna.lines('#crew').some(({ notes }) => notes.includes('anew')));
    await anna.chat.say('#crew', 'after', undefined);
    await until(() => anna.texts('#crew').length === 3);
    assert.deepEqual(anna.texts('#crew'), ['before', '', 'after']);
  });

  it('is told when it may not chat any more', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    await server.enter('owner');
    const anna = person(server, 'anna');
    await anna.chat.join('#crew', create);
    server.accounts.set('anna', { role: 'uploader' });
    await assert.rejects(anna.chat.say('#crew', 'x', undefined), withCode('FORBIDDEN'));
    anna.cut();
    await until(() => anna.news.some(({ kind }) => kind === 'out'));
    const out = anna.news.find((one) => one.kind === 'out');
    assert.equal(out?.kind === 'out' && fromWireError(out.error).codeName, 'FORBIDDEN');
  });

  it('stops waiting when it is told to', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const anna = person(server, 'anna');
    await anna.chat.join('#crew', create);
    for (let i = 0; i < 20; i++) await anna.chat.say('#crew', `${i}`, undefined);
    const controller = new AbortController();
    const waiting = anna.chat.say('#crew', 'too much', undefined, { signal: controller.signal });
    const behind = Array.from({ length: 31 }, (_, i) => anna.chat.say('#crew', `behind ${i}`, undefined));
    const failed = Promise.allSettled(behind);
    await assert.rejects(anna.chat.say('#crew', 'one more', undefined), withCode('LIMIT'));
    controller.abort();
    await assert.rejects(waiting);
    anna.chat.close();
    assert.ok((await failed).every(({ status }) => status === 'rejected'));
  });
});

describe('a sealed room on a server', () => {
  it('is closed to a wrong passphrase, and nothing is ever said in the clear (CHAT-12, CHAT-13)', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const [anna, bert] = [person(server, 'anna'), person(server, 'bert')];
    await anna.chat.join('#safe', { create: true, passphrase: 'ahoy' });
    await assert.rejects(
      bert.chat.join('#safe', { create: true, passphrase: 'wrong' }),
      withCode('AUTH_FAILED'),
    );
    await assert.rejects(bert.chat.join('#safe', create), withCode('CONFLICT'));
    await anna.chat.join('#open', create);
    await assert.rejects(bert.chat.join('#open', { create: true, passphrase: 'ahoy' }), withCode('CONFLICT'));
    await assert.rejects(bert.chat.say('#open', 'secret', undefined), withCode('NOT_FOUND'));
    await bert.chat.join('#safe', { create: false, passphrase: 'ahoy' });
  });

  it('leaves nothing of what is said with the server, in no file and in no message (CHAT-09)', async (t) => {
    const folder = scratchFolder(t);
    const server = chatServer(t, folder, 2);
    const [anna, bert] = [person(server, 'anna'), person(server, 'bert', () => 1)];
    const secrets = ['the treasure is under the mast', 'maps/treasure-island.png', 'ahoy captain'];
    const [text = '', at = '', passphrase = ''] = secrets;
    for (const one of [anna, bert]) await one.chat.join('#safe', { create: true, passphrase });
    await anna.chat.say('#safe', text, path(at));
    await anna.chat.join('#open', create);
    await anna.chat.say('#open', 'this the server may read', undefined);
    await until(() => bert.texts('#safe').length === 1);
    assert.deepEqual([bert.lines('#safe')[0]?.text, bert.lines('#safe')[0]?.path], [text, path(at)]);
    const files = readdirSync(folder).map((name) => readFileSync(joinPath(folder, name)));
    const everything = Buffer.concat(files);
    assert.ok(everything.includes('this the server may read'), 'what is looked through is what was written');
    for (const secret of secrets) {
      for (const form of [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret).toString('base64'),
      ]) {
        assert.ok(!everything.includes(form), secret);
      }
    }
    const history = server.threads[0]?.hub.history;
    const who = { key: 'x', account: undefined, name: 'x', scope: Buffer.alloc(0) };
    const room = history?.rooms(who).find(({ name }) => name === 'safe')?.room ?? 0;
    const kept = history?.after(room, 0, 10) ?? [];
    assert.deepEqual(
      kept.map((message) => [message.from, message.text, message.path]),
      [['anna', undefined, undefined]],
    );
    assert.equal((kept[0]?.sealed?.box.length ?? 1) % 64, 16, 'padded');
  });

  it('says what a server has changed: another sender, an order, a message twice (CHAT-10, CHAT-11)', async (t) => {
    const folder = scratchFolder(t);
    const server = chatServer(t, folder);
    const anna = person(server, 'anna');
    const passphrase = 'ahoy';
    await anna.chat.join('#safe', { create: true, passphrase });
    for (let i = 0; i < 5; i++) await anna.chat.say('#safe', `message ${i}`, undefined);
    const raw = new DatabaseSync(server.file);
    const change = (seq: number, how: (message: ChatMessage) => ChatMessage, from = seq): void => {
      const body = raw.prepare('select body from message where seq = ?').get(from)?.['body'];
      const changed = encodeBody(chatMessage, how(decodeBody(chatMessage, Buffer.from(body as Uint8Array))));
      raw.prepare('update message set body = ?, sum = ? where seq = ?').run(changed, crc32(changed), seq);
    };
    change(2, (message) => ({ ...message, from: 'bert' }));
    change(4, (message) => ({ ...message, seq: 4, after: 3 }), 1);
    raw.close();
    const bert = person(server, 'bert');
    await bert.chat.join('#safe', { create: false, passphrase });
    assert.deepEqual(
      bert.lines('#safe').map(({ text, notes }) => `${text} ${notes.join(' ')}`),
      ['message 0 ', ' unreadable', 'message 2 missing', ' replayed', 'message 4 missing'],
    );
  });
});

/** A session whose server answers as the test says. */
function scripted(answers: Readonly<Record<number, (request: Say) => unknown>>) {
  const asked: number[] = [];
  const call = async (
    op: { readonly kind: number },
    request: unknown,
    { onPart }: { onPart?: (part: unknown) => void } = {},
  ): Promise<unknown> => {
    asked.push(op.kind);
    await turn();
    const answer = answers[op.kind]?.(request as Say);
    if (op.kind === Kind.history) onPart?.({ messages: answer });
    return op.kind === Kind.history ? { last: (answer as ChatMessage[]).at(-1)?.seq ?? 0 } : (answer ?? {});
  };
  const fresh = (): ChatSession =>
    ({ channel: { call, ended: undefined }, welcome: { user: 'anna' } }) as unknown as ChatSession;
  const ears: ChatEar[] = [];
  const news: ChatNews[] = [];
  const listen = (ear: ChatEar): (() => void) => {
    ears.push(ear);
    return () => {};
  };
  const chat = new ChatClient({ session: async () => fresh(), listen }, (one) => news.push(one));
  const hear = (room: number, last: number, message?: ChatMessage): void => {
    for (const ear of ears) ear.event({ kind: 'chat', room, last, message });
  };
  const texts = (): string[] =>
    news.flatMap((one) => (one.kind === 'lines' ? one.lines.map(({ text }) => text) : []));
  /** The line was lost, and there is another one. */
  const again = (): void => {
    for (const ear of ears) {
      ear.lost();
      ear.session(fresh());
    }
  };
  return { chat, hear, again, asked, texts };
}

describe('a server that lies', () => {
  const joined = { room: 7, last: 0, sealing: undefined, generation: Buffer.alloc(16) };
  const message = (seq: number, after = seq - 1): ChatMessage => {
    const said = { text: `line ${seq}`, path: undefined, sealed: undefined, takes: undefined };
    return { seq, after, ms: 1, from: 'bert', id: Buffer.alloc(16, seq), ...said };
  };

  it('is told nothing in a room that it calls open, when that has a passphrase (CHAT-13)', async () => {
    const { chat, asked } = scripted({ [Kind.join]: () => joined, [Kind.history]: () => [] });
    await assert.rejects(chat.join('#safe', { create: true, passphrase: 'ahoy' }), withCode('CONFLICT'));
    await assert.rejects(chat.say('#safe', 'secret', undefined), withCode('NOT_FOUND'));
    assert.deepEqual(asked, [Kind.join]);
  });

  it('is asked again for a room that it did not answer for', async () => {
    let silences = 0;
    const { chat, again, asked } = scripted({
      [Kind.join]: () => {
        if (silences-- > 0) throw new FerryError(Code.TIMEOUT, 'no answer');
        return joined;
      },
      [Kind.history]: () => [],
    });
    await chat.join('#crew', create);
    silences = 1;
    again();
    const joins = (): number => asked.filter((kind) => kind === Kind.join).length;
    // Without working the processor meanwhile.
    while (joins() < 3) await pause(20);
    await chat.say('#crew', 'still there', undefined);
    assert.equal(asked.at(-1), Kind.say);
  });

  it('is not heard twice, whatever numbers it gives, and asked for what it skips', async () => {
    let kept: ChatMessage[] = [];
    const { chat, hear, again, texts } = scripted({
      [Kind.join]: () => {
        // Comes in one piece with the answer, before anybody knows which room this is.
        if (kept.length > 4) hear(7, 5);
        return { ...joined, last: Math.min(4, kept.length) };
      },
      [Kind.history]: ({ after }: Say & { readonly after?: number }) =>
        kept.filter(({ seq }) => seq > (after ?? 0)),
    });
    kept = [message(1)];
    await chat.join('#crew', create);
    assert.deepEqual(texts(), ['line 1']);
    hear(7, 1, message(1));
    hear(7, 2, message(2));
    hear(7, 1, message(1, 2));
    hear(7, 2, message(2, 2));
    hear(8, 9, message(9, 2));
    assert.deepEqual(texts(), ['line 1', 'line 2']);
    kept = [1, 2, 3, 4].map((seq) => message(seq));
    hear(7, 4, message(4));
    await until(() => texts().length === 4);
    assert.deepEqual(texts(), ['line 1', 'line 2', 'line 3', 'line 4']);
    kept = [...kept, message(5)];
    again();
    await until(() => texts().length === 5);
    assert.equal(texts().at(-1), 'line 5');
  });
});

describe('a crowd in one room', () => {
  it('hears everything that is said, in order and once', async (t) => {
    const folder = scratchFolder(t);
    const server = chatServer(t, folder, 2);
    const members = runs(1) > 1 ? 1000 : 250;
    const said = 20;
    const people = Array.from({ length: members }, () => person(server, undefined, randomFrom(seed)));
    await Promise.all(people.map(({ chat }) => chat.join('#crew', create)));
    const speakers = ['anna', 'bert', 'cleo'].map((name) => person(server, name));
    for (const { chat } of speakers) await chat.join('#crew', create);
    const times: number[] = [];
    for (let i = 0; i < said; i++) {
      const sinceMs = performance.now();
      await speakers[i % speakers.length]?.chat.say('#crew', `line ${i}`, undefined);
      await until(() => people.every(({ news }) => news.length === i + 1));
      times.push(performance.now() - sinceMs);
    }
    const all = Array.from({ length: said }, (_, i) => `line ${i}`);
    for (const { texts } of people) assert.deepEqual(texts('#crew'), all);
    const slowest = times.toSorted((a, b) => a - b).at(-1) ?? 0;
    t.diagnostic(
      `count: ${members} members × ${said} messages in order, lost 0, twice 0; the slowest was heard by all after ${slowest.toFixed(0)} ms`,
    );
  });
});
