/** The server's chat, in this process: order, numbers, rates, bounds, rights, and who hears what. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { type FerryError, limits } from '@ferry/protocol';
import {
  history,
  join,
  leave,
  mute,
  type Room,
  RoomKind,
  rooms,
  type Say,
  say,
  unsay,
} from '@ferry/protocol/messages';
import { unbounded } from '../../packages/server/src/access/bounds.ts';
import { prepareChatFile } from '../../packages/server/src/chat/chat-file.ts';
import { ChatHistory } from '../../packages/server/src/chat/chat-history.ts';
import { ChatHub } from '../../packages/server/src/chat/chat-hub.ts';
import { charge } from '../../packages/server/src/chat/rate.ts';
import { chatDoor } from '../../packages/server/src/session/chat-link.ts';
import { type Chatterbox, chatServer } from '../support/chat-server.ts';
import { withCode } from '../support/code.ts';
import { randomFrom, seed } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(met: () => boolean): Promise<void> {
  while (!met()) await turn();
}

function words(room: number, text: string): Say {
  return { room, id: randomBytes(16), text, path: undefined, sealed: undefined };
}

const heard = (who: Chatterbox): (string | undefined)[] => who.events.map(({ message }) => message?.text);

describe('the chat of a server', () => {
  it('tells everybody in a room what is said there, on all threads, and nobody else', async (t) => {
    const server = chatServer(t, scratchFolder(t), 2);
    const [anna, bert, cleo] = [
      await server.enter('anna', 0),
      await server.enter('bert', 1),
      await server.enter('cleo', 1),
    ];
    const room = await anna.join('crew');
    assert.equal(await bert.join('crew'), room, 'one room for all threads');
    await cleo.join('other');
    const { seq, ms } = await anna.channel.call(say, words(room, 'hello'));
    assert.deepEqual([seq, ms], [1, server.now]);
    await until(() => bert.events.length === 1);
    const message = bert.events[0]?.message;
    assert.deepEqual([message?.from, message?.text, message?.seq, message?.after], ['anna', 'hello', 1, 0]);
    await bert.channel.call(say, words(room, 'and you'));
    await until(() => anna.events.length === 2 && bert.events.length === 2);
    assert.deepEqual(heard(anna), ['hello', 'and you']);
    await bert.channel.call(leave, { room });
    await anna.channel.call(say, words(room, 'gone?'));
    await until(() => anna.events.length === 3);
    await assert.rejects(bert.channel.call(say, words(room, 'x')), withCode('NOT_FOUND'));
    assert.deepEqual([bert.events.length, cleo.events.length], [2, 0]);
    assert.deepEqual(
      (await anna.history(room, 1)).map(({ text }) => text),
      ['and you', 'gone?'],
    );
  });

  it('makes up for bells that were lost, and says in its order what came in another', async (t) => {
    t.diagnostic(`seed: ${seed}`);
    const random = randomFrom(seed);
    const server = chatServer(t, scratchFolder(t), 3);
    const late: (() => void)[] = [];
    server.carry = (ring) => {
      if (random(3) === 0) return;
      if (random(2) === 0) late.push(ring);
      else setImmediate(ring);
    };
    const people = await Promise.all([0, 1, 2].map((thread) => server.enter(`user${thread}`, thread)));
    const [room = 0] = await Promise.all(people.map((one) => one.join('crew')));
    for (let i = 0; i < 15; i++) {
      await Promise.all(people.map((one, who) => one.channel.call(say, words(room, `${who} ${i}`))));
      while (late.length > 0) late.splice(random(late.length), 1)[0]?.();
    }
    for (const { hub } of server.threads) hub.resync();
    await until(() => people.every(({ events }) => events.length >= 45));
    for (const { events } of people) {
      assert.deepEqual(
        events.map(({ message }) => message?.seq),
        Array.from({ length: 45 }, (_, i) => i + 1),
      );
    }
  });

  it('takes a message once, however often it is sent (CHAT-01)', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const anna = await server.enter('anna');
    const room = await anna.join('crew');
    const message = words(room, 'once');
    const first = await anna.channel.call(say, message);
    const again = await server.enter('anna');
    await again.join('crew');
    assert.deepEqual(await again.channel.call(say, message), first);
    await anna.channel.call(say, words(room, 'next'));
    await until(() => anna.events.length === 2);
    assert.deepEqual(heard(anna), ['once', 'next']);
    // Another's with the same number is another message.
    const bert = await server.enter('bert');
    await bert.join('crew');
    assert.equal((await bert.channel.call(say, message)).seq, 3);
  });

  it('lets a line be taken away by who said it and by an owner: nothing of it stays, and everybody hears of it', async (t) => {
    const server = chatServer(t, scratchFolder(t), 2);
    const root = await server.enter('root', 1, { role: 'owner' });
    const writer = { role: 'writer' } as const;
    const anna = await server.enter('anna', 0, writer);
    const bert = await server.enter('bert', 1, writer);
    const room = await anna.join('crew');
    for (const one of [bert, root]) await one.join('crew');
    for (const text of ['one', 'secret-two', 'three']) await anna.channel.call(say, words(room, text));
    const away = (who: Chatterbox, seq: number, id = randomBytes(16)): Promise<{ seq: number }> =>
      who.channel.call(unsay, { room, seq, id });
    await assert.rejects(away(bert, 1), withCode('FORBIDDEN'));
    const id = randomBytes(16);
    const own = await away(anna, 2, id);
    assert.deepEqual([own.seq, await away(anna, 2, id)], [4, own], 'once, however often it is sent');
    assert.equal((await away(root, 3)).seq, 5);
    await assert.rejects(away(root, 3), withCode('NOT_FOUND'));
    await assert.rejects(away(root, 4), withCode('NOT_FOUND'), 'that something was taken stays');
    await until(() => bert.events.length === 5);
    assert.deepEqual(
      bert.events.map(({ message }) => message?.takes),
      [undefined, undefined, undefined, 2, 3],
    );
    const kept = await bert.history(room, 0);
    assert.deepEqual(
      kept.map(({ seq, from, text, takes }) => [seq, from, text, takes]),
      [
        [1, 'anna', 'one', undefined],
        [2, 'anna', undefined, undefined],
        [3, 'anna', undefined, undefined],
        [4, 'anna', undefined, 2],
        [5, 'root', undefined, 3],
      ],
    );
    // Also not in what the database has thrown away.
    const raw = new DatabaseSync(server.file);
    raw.exec('pragma wal_checkpoint(truncate)');
    const sum =
      'select bytes, (select sum(bytes) from message where room = room.id) as held from room where id = ?';
    const { bytes, held } = raw.prepare(sum).get(room) ?? {};
    raw.close();
    assert.equal(bytes, held, 'what a room holds is counted on');
    assert.equal(readFileSync(server.file).includes('secret-two'), false);
  });

  it('lets an owner mute somebody: for a while, for good, no more', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const root = await server.enter('root', 0, { role: 'owner' });
    const writer = { role: 'writer' } as const;
    const anna = await server.enter('anna', 0, writer);
    const bert = await server.enter('bert', 0, writer);
    const room = await anna.join('crew');
    await bert.join('crew');
    const muting = (who: Chatterbox, ms: number | undefined): Promise<unknown> =>
      who.channel.call(mute, { name: 'bert', ms });
    const said = (who: Chatterbox): Promise<unknown> => who.channel.call(say, words(room, 'me'));
    await assert.rejects(muting(anna, 0), withCode('FORBIDDEN'));
    await muting(root, 60_000);
    await assert.rejects(said(bert), (error: FerryError) => {
      assert.match(error.message, /an owner of the server lets you say nothing here until \d{4}-/);
      return error.codeName === 'FORBIDDEN';
    });
    await said(anna);
    server.now += 60_000;
    await said(bert);
    await muting(root, undefined);
    server.now += limits.chatHistoryMs / 2;
    await assert.rejects(said(bert), withCode('FORBIDDEN'));
    await muting(root, 0);
    await said(bert);
    await assert.rejects(root.channel.call(mute, { name: 'nobody', ms: 0 }), withCode('NOT_FOUND'));
  });

  it('bounds how fast one says something, over all connections of an account, and harms no other (RES-08, CHAT-02)', async (t) => {
    const server = chatServer(t, scratchFolder(t), 2);
    const room = await (await server.enter('anna')).join('crew');
    const flood = await Promise.all([0, 1, 0, 1].map((thread) => server.enter('mallory', thread)));
    const answers: Promise<'taken' | FerryError>[] = [];
    for (const one of flood) {
      await one.join('crew');
      for (let i = 0; i < 50; i++) {
        answers.push(
          one.channel.call(say, words(room, `flood ${i}`)).then(
            () => 'taken' as const,
            (error: FerryError) => error,
          ),
        );
      }
    }
    const anna = await server.enter('anna');
    await anna.join('crew');
    await anna.channel.call(say, words(room, 'I can still talk'));
    const settled = await Promise.all(answers);
    const refused = settled.filter((answer) => answer !== 'taken');
    assert.equal(settled.length - refused.length, limits.chatBurst);
    for (const error of refused) {
      assert.equal(error.codeName, 'LIMIT');
      assert.ok((error.retryAfterMs ?? 0) > 0 && (error.retryAfterMs ?? 0) <= 4200);
    }
    server.now += 1000;
    const fresh = await server.enter('mallory');
    await fresh.join('crew');
    for (let i = 0; i < limits.chatPerSecond; i++) await fresh.channel.call(say, words(room, 'later'));
    await assert.rejects(fresh.channel.call(say, words(room, 'more')), withCode('LIMIT'));
    // Guests are one by name only.
    const guest = await server.enter();
    await guest.join('crew');
    await guest.channel.call(say, words(room, 'hello'));
  });

  it('keeps so many messages and bytes, and none for longer than it says', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const store = server.threads[0]?.hub.history;
    assert.ok(store);
    const who = { key: 'account 1', account: 1, name: 'anna', scope: Buffer.alloc(0) };
    const open = { kind: RoomKind.open, create: true, sealing: undefined } as const;
    const { room } = store.room(who, { ...open, name: 'many' }, undefined, 0);
    for (let i = 1; i <= limits.chatHistory + 10; i++) {
      const said = { text: `${i}`, path: undefined, sealed: undefined };
      store.say(room, who, randomBytes(16), said, server.now + i * 1000);
    }
    const kept = store.after(room, 0, 5000);
    assert.deepEqual([kept.length, kept[0]?.text, kept.at(-1)?.seq], [1000, '11', 1010]);
    const { room: long } = store.room(who, { ...open, name: 'long' }, undefined, 0);
    for (let i = 0; i < 100; i++) {
      const said = { text: 'ü'.repeat(2048), path: undefined, sealed: undefined };
      store.say(long, who, randomBytes(16), said, server.now + 2e6 + i * 1000);
    }
    const left = store.after(long, 0, 5000);
    assert.ok(left.length < limits.chatHistoryBytes / 4096 && left.length > 50, `${left.length}`);
    store.tidy(server.now + 500_000 + limits.chatHistoryMs);
    assert.equal(store.after(room, 0, 5000)[0]?.text, '500');
    store.tidy(server.now + 2e7 + limits.chatHistoryMs);
    assert.equal(store.rooms(who).length, 0, 'a room in which nobody spoke for so long goes');
    assert.throws(
      () =>
        store.say(
          room,
          who,
          randomBytes(16),
          { text: 'x', path: undefined, sealed: undefined },
          server.now + 9e9,
        ),
      withCode('NOT_FOUND'),
    );
  });

  it('bounds rooms: made by one, joined by one session', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const anna = await server.enter('anna');
    for (let i = 0; i < limits.chatOwnRooms; i++) await anna.join(`room ${i}`);
    await assert.rejects(anna.join('one more'), withCode('LIMIT'));
    await anna.join('room 3');
    for (let who = 0; who < 4; who++) {
      const other = await server.enter(`user${who}`);
      for (let i = 0; i < limits.chatOwnRooms; i++) await other.join(`${who} ${i}`);
    }
    const joined = await server.enter('visitor');
    const listed: Room[] = [];
    await joined.channel.call(rooms, {}, { onPart: (part) => listed.push(...part.rooms) });
    assert.equal(listed.length, 5 * limits.chatOwnRooms);
    for (const { name } of listed.slice(0, limits.chatJoined)) await joined.join(name);
    await assert.rejects(joined.join(listed.at(-1)?.name ?? ''), withCode('LIMIT'));
  });

  it('refuses names, texts and kinds that are none', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const anna = await server.enter('anna');
    for (const name of [
      '',
      '  ',
      ' crew',
      '@bert',
      '#crew',
      '-x',
      'a\u0007b',
      'a\u202eb',
      'e\u0301',
      'x'.repeat(65),
    ]) {
      await assert.rejects(
        anna.join(name),
        (error: FerryError) => ['NAME_INVALID', 'NAME_TOO_LONG'].includes(error.codeName),
        JSON.stringify(name),
      );
    }
    const room = await anna.join('Küche 7');
    const sealing = { salt: randomBytes(16), check: randomBytes(16) };
    const sealed = { kind: RoomKind.sealed, name: 'Küche 7', create: true, sealing } as const;
    await assert.rejects(anna.channel.call(join, sealed), withCode('CONFLICT'));
    const { room: safe } = await anna.channel.call(join, { ...sealed, name: 'safe' });
    await assert.rejects(anna.channel.call(say, words(safe, 'plain')), withCode('BAD_STATE'));
    const box = { session: randomBytes(16), counter: 0, sentMs: 1, box: randomBytes(80) };
    const boxed: Say = { room, id: randomBytes(16), text: undefined, path: undefined, sealed: box };
    await assert.rejects(anna.channel.call(say, boxed), withCode('BAD_STATE'));
    await assert.rejects(anna.channel.call(say, words(999, 'nowhere')), withCode('NOT_FOUND'));
    for (const text of ['', 'x'.repeat(4097), 'two\nlines', '\u001b[2J', '\u0085']) {
      const one = await server.enter('anna');
      await one.join('Küche 7');
      await assert.rejects(
        one.channel.call(say, words(room, text)),
        withCode('MALFORMED'),
        JSON.stringify(text),
      );
    }
  });

  it('shows rooms and people only to those of the same folder (AUTZ-10, CHAT-07)', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const anna = await server.enter('anna');
    const inside = await server.enter('inside', 0, { root: path('part') });
    const room = await anna.join('crew');
    assert.notEqual(await inside.join('crew'), room, 'another room of the same name');
    const listed: string[] = [];
    await inside.channel.call(
      rooms,
      {},
      { onPart: (part) => listed.push(...part.rooms.map(({ name }) => name)) },
    );
    assert.deepEqual(listed, ['crew']);
    await anna.channel.call(say, words(room, 'among us'));
    await until(() => anna.events.length === 1);
    assert.equal(inside.events.length, 0);
    const direct = { kind: RoomKind.direct, create: true, sealing: undefined } as const;
    await assert.rejects(inside.channel.call(join, { ...direct, name: 'anna' }), withCode('NOT_FOUND'));
    await assert.rejects(inside.channel.call(join, { ...direct, name: 'nobody' }), withCode('NOT_FOUND'));
    const guest = await server.enter();
    await assert.rejects(guest.channel.call(join, { ...direct, name: 'anna' }), withCode('FORBIDDEN'));
  });

  it('is not for those who were given a share: they have files, not people (CHAT-07)', () => {
    const hub = new ChatHub({ history: {} as ChatHistory, ring: () => {} });
    const share = { maker: { id: 1, user: 'anna', root: [] }, downloads: undefined };
    const account = { id: 2, device: Buffer.alloc(32), expiresMs: 9e15, bounds: unbounded, share };
    const principal = {
      user: 'share',
      account,
      rights: { role: 'reader', rules: [] },
      root: [],
      kicks: 0,
    } as const;
    const door = chatDoor(hub, principal, () => assert.fail('it was let in'));
    assert.throws(() => door.member(), withCode('FORBIDDEN'));
    door.end();
  });

  it('carries direct messages to the two alone, also before they have entered', async (t) => {
    const server = chatServer(t, scratchFolder(t), 2);
    const [anna, bert, cleo] = [
      await server.enter('anna', 0),
      await server.enter('bert', 1),
      await server.enter('cleo', 1),
    ];
    for (const one of [bert, cleo]) await one.channel.call(rooms, {});
    const direct = { kind: RoomKind.direct, create: true, sealing: undefined } as const;
    const { room } = await anna.channel.call(join, { ...direct, name: 'bert' });
    await anna.channel.call(say, words(room, 'psst'));
    await until(() => bert.events.length === 1);
    assert.deepEqual(bert.events, [{ kind: 'chat', room, last: 1, message: undefined }]);
    const listed: Room[] = [];
    await bert.channel.call(rooms, {}, { onPart: (part) => listed.push(...part.rooms) });
    assert.deepEqual(
      listed.map((one) => [one.room, one.kind, one.name]),
      [[room, RoomKind.direct, 'anna']],
    );
    const back = await bert.channel.call(join, { ...direct, name: 'anna' });
    assert.equal(back.room, room);
    assert.deepEqual(
      (await bert.history(room)).map(({ text }) => text),
      ['psst'],
    );
    const others: Room[] = [];
    await cleo.channel.call(rooms, {}, { onPart: (part) => others.push(...part.rooms) });
    assert.deepEqual([others.length, cleo.events.length], [0, 0]);
    await assert.rejects(cleo.channel.call(history, { room, after: 0, most: 10 }), withCode('NOT_FOUND'));
  });

  it('takes from a message the path that its reader may not know (CHAT-08)', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const anna = await server.enter('anna');
    const bert = await server.enter('bert', 0, { rules: [{ path: path('secret'), rights: new Set() }] });
    const room = await anna.join('crew');
    await bert.join('crew');
    for (const at of ['secret/plan', 'open/plan']) {
      await anna.channel.call(say, { ...words(room, 'look'), path: path(at) } as Say);
    }
    await until(() => anna.events.length === 2 && bert.events.length === 2);
    const seen = (who: Chatterbox): unknown[] => who.events.map(({ message }) => message?.path);
    assert.deepEqual(seen(anna), [path('secret/plan'), path('open/plan')]);
    assert.deepEqual(seen(bert), [undefined, path('open/plan')]);
    assert.deepEqual(
      (await bert.history(room)).map((message) => message.path),
      [undefined, path('open/plan')],
    );
  });

  it('tells nothing more to an account that may not chat any more', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const [anna, bert] = [await server.enter('anna'), await server.enter('bert')];
    const room = await anna.join('crew');
    await bert.join('crew');
    server.accounts.set('bert', { role: 'uploader' });
    await anna.channel.call(say, words(room, 'without bert'));
    await until(() => anna.events.length === 1);
    await assert.rejects(bert.channel.call(history, { room, after: 0, most: 1 }), withCode('FORBIDDEN'));
    assert.equal(bert.events.length, 0);
  });

  it('tells who took nothing for a while that there is more, and holds nothing for them (CHAT-03)', async (t) => {
    const server = chatServer(t, scratchFolder(t));
    const [anna, slow] = [await server.enter('anna'), await server.enter('slow')];
    const room = await anna.join('crew');
    await slow.join('crew');
    slow.channel.link.pause();
    const store = server.threads[0]?.hub;
    assert.ok(store);
    const who = { key: 'account 9', account: 9, name: 'x', scope: Buffer.alloc(0) };
    let said = 0;
    // More than the line takes; the last of it is not told any more.
    for (; said < 600; said++) {
      const text = { text: 'y'.repeat(4000), path: undefined, sealed: undefined };
      store.history.say(room, who, randomBytes(16), text, server.now + said * 1000);
      store.said({ room, pair: undefined });
      await until(() => anna.events.at(-1)?.last === said + 1);
    }
    slow.channel.link.resume();
    await until(() => slow.events.at(-1)?.message === undefined && slow.events.length > 0);
    assert.ok(slow.events.length < 400, `${slow.events.length} were kept for it`);
    assert.equal(slow.events.at(-1)?.last, said);
    // And from then on again as all others.
    await anna.channel.call(say, words(room, 'after that'));
    await until(() => slow.events.at(-1)?.message?.text === 'after that');
  });
});

describe('the file of the chat', () => {
  it('outlives the server, and numbers that a power cut may have taken are never given again', (t) => {
    const file = joinPath(scratchFolder(t), 'chat.db');
    assert.equal(prepareChatFile(file), undefined);
    const who = { key: 'account 1', account: 1, name: 'anna', scope: Buffer.alloc(0) };
    const first = new ChatHistory(file);
    const open = { kind: RoomKind.open, name: 'crew', create: true, sealing: undefined } as const;
    const { room } = first.room(who, open, undefined, 1);
    first.say(room, who, randomBytes(16), { text: 'kept', path: undefined, sealed: undefined }, 2);
    first.close();
    assert.equal(prepareChatFile(file), undefined);
    const second = new ChatHistory(file);
    assert.deepEqual(second.generation, first.generation);
    assert.deepEqual(
      second.after(room, 0, 9).map(({ text, seq }) => [text, seq]),
      [['kept', 1]],
    );
    second.close();
    const raw = new DatabaseSync(file);
    raw.exec(`update state set boot = 'another'`);
    raw.close();
    assert.equal(prepareChatFile(file), undefined);
    const third = new ChatHistory(file);
    t.after(() => third.close());
    const { seq } = third.say(
      room,
      who,
      randomBytes(16),
      { text: 'x', path: undefined, sealed: undefined },
      3,
    );
    assert.ok(seq > 2 ** 20, 'behind everything that could have been said');
    assert.equal(third.after(room, 1, 1)[0]?.after, 2 ** 20 + 1);
  });

  it('that an older ferryd kept is gone on with, messages and all', (t) => {
    const file = joinPath(scratchFolder(t), 'chat.db');
    prepareChatFile(file);
    const who = { key: 'account 1', account: 1, name: 'anna', scope: Buffer.alloc(0) };
    const wanted = { kind: RoomKind.open, name: 'crew', create: true, sealing: undefined };
    const said = { text: 'hello', path: undefined, sealed: undefined };
    let kept = new ChatHistory(file);
    const { room } = kept.room(who, wanted, undefined, 1);
    kept.say(room, who, randomBytes(16), said, 2);
    kept.close();
    // As it was before messages could be taken away: a field less, a table less.
    const raw = new DatabaseSync(file);
    const body = Buffer.from(raw.prepare('select body from message').get()?.['body'] as Uint8Array);
    const old = Buffer.concat([Buffer.of(0x98), body.subarray(1, -1)]);
    raw.prepare('update message set body = ?, sum = ?').run(old, crc32(old));
    raw.exec('drop table mute; pragma user_version = 2');
    raw.close();
    assert.equal(prepareChatFile(file), undefined);
    kept = new ChatHistory(file);
    assert.deepEqual(
      kept.after(room, 0, 9).map(({ text, takes }) => [text, takes]),
      [['hello', undefined]],
    );
    kept.mute(who.scope, who.key, 0, 3);
    kept.close();
  });

  it('that was damaged is moved aside and begun anew; a message that was damaged is left out (CHAT-06)', (t) => {
    t.diagnostic(`seed: ${seed}`);
    const file = joinPath(scratchFolder(t), 'chat.db');
    const who = { key: 'account 1', account: 1, name: 'anna', scope: Buffer.alloc(0) };
    const fill = (): { room: number; generation: string } => {
      const store = new ChatHistory(file);
      const { room } = store.room(
        who,
        { kind: RoomKind.open, name: 'crew', create: true, sealing: undefined },
        undefined,
        1,
      );
      for (let i = 0; i < 15; i++) {
        store.say(
          room,
          who,
          randomBytes(16),
          { text: `message ${i}`, path: undefined, sealed: undefined },
          2,
        );
      }
      const generation = Buffer.from(store.generation).toString('hex');
      store.close();
      return { room, generation };
    };
    prepareChatFile(file);
    const { room, generation } = fill();
    const bytes = readFileSync(file);
    bytes[bytes.indexOf('message 7')] = 0x4d;
    writeFileSync(file, bytes);
    assert.equal(prepareChatFile(file), undefined, 'SQLite sees nothing wrong');
    const store = new ChatHistory(file);
    assert.deepEqual(
      store.after(room, 6, 3).map(({ text }) => text),
      ['message 6', 'message 8'],
    );
    store.close();
    const damage: Record<string, () => void> = {
      'cut short': () => truncateSync(file, 5000),
      'no database': () =>
        writeFileSync(
          file,
          'something else entirely, and longer than a header of SQLite, to be sure'.repeat(9),
        ),
      'a page of noise': () =>
        writeFileSync(file, Buffer.concat([readFileSync(file).subarray(0, 4096), Buffer.alloc(8192, 0xa5)])),
    };
    let before = generation;
    for (const [what, harm] of Object.entries(damage)) {
      harm();
      const aside = prepareChatFile(file);
      assert.ok(aside !== undefined, what);
      assert.ok(readFileSync(aside).length > 0);
      const anew = fill().generation;
      assert.notEqual(anew, before, what);
      before = anew;
    }
    const raw = new DatabaseSync(file);
    raw.exec('pragma user_version = 9');
    raw.close();
    assert.throws(() => prepareChatFile(file), withCode('CONFIG'));
  });
});

describe('the rate of one', () => {
  it('lets through a burst, then so many a second, and forgives a clock that was put back', () => {
    const taken = (count: number, everyMs: number): number => {
      let paid = 0;
      let let_ = 0;
      for (let i = 0; i < count; i++) {
        const { paidMs, waitMs } = charge(paid, 1e9 + i * everyMs);
        paid = paidMs;
        if (waitMs === 0) let_ += 1;
      }
      return let_;
    };
    assert.equal(taken(1000, 0), limits.chatBurst);
    assert.equal(
      taken(1000, 10),
      limits.chatBurst + (999 * limits.chatPerSecond) / 100 - (((999 * 5) / 100) % 1),
    );
    assert.equal(taken(1000, 200), 1000);
    const { paidMs } = charge(0, 1e9);
    assert.equal(charge(paidMs, 1e6).waitMs, 0, 'a clock that was put back silences nobody');
    const wait = charge(1e9 + 4000, 1e9).waitMs;
    assert.equal(charge(1e9 + 4000, 1e9 + wait).waitMs, 0, 'the wait that is told is enough');
  });
});
