/**
 * Entry of the I/O thread: an engine, spoken to in messages. Started by engine-thread.ts.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { asFerryError, toWireError } from '@ferry/protocol';
import type { AtServer } from './engine.ts';
import { EngineCore } from './engine-core.ts';
import { type Entries, EntryPage, pagesOf } from './entry-page.ts';
import type {
  CallResult,
  ChatCall,
  EditCall,
  FromEngine,
  ShareCall,
  SourceCall,
  ThreadData,
  ToEngine,
  TrashCall,
} from './messages.ts';
import { stepBack } from './step-back.ts';

void stepBack();
if (parentPort === null) throw new Error('this file runs in a worker thread');
const port = parentPort;
const send = (message: FromEngine): void => port.postMessage(message);
const running = new Map<number, AbortController>();

/** At least one: that a folder is empty is told too. */
function sendPages(id: number, entries: Entries): void {
  for (const page of entries.length === 0 ? [EntryPage.of([])] : pagesOf(entries)) {
    const { length: count, prefix, buffer } = page;
    port.postMessage({ kind: 'page', id, page: { count, prefix, buffer } } satisfies FromEngine, [buffer]);
  }
}

function start(): EngineCore | undefined {
  try {
    return new EngineCore(workerData as ThreadData);
  } catch (error) {
    send({ kind: 'broken', error: toWireError(asFerryError(error)) });
    return undefined;
  }
}

const engine = start();
engine?.onEvent((event) => send({ kind: 'event', event }));

async function answer(id: number, run: (signal: AbortSignal) => Promise<CallResult>): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    send({ kind: 'done', id, result: await run(controller.signal) });
  } catch (thrown) {
    send({ kind: 'failed', id, error: toWireError(asFerryError(thrown)) });
  } finally {
    running.delete(id);
  }
}

async function serve(
  from: EngineCore,
  id: number,
  call: SourceCall,
  signal: AbortSignal,
): Promise<CallResult> {
  const source = from.source(call.where);
  const opts = { signal };
  switch (call.verb) {
    case 'list':
      await source.list(call.path, (entries) => sendPages(id, entries), opts);
      return undefined;
    case 'stat':
      return source.stat(call.path, opts);
    case 'mkdir':
      await source.mkdir(call.path, opts);
      return undefined;
    case 'remove':
      await source.remove(call.path, opts);
      return undefined;
    case 'space':
      return source.space(call.path, opts);
    case 'rename':
      await source.rename(call.path, call.to, opts);
      return undefined;
    case 'setFacts':
      await source.setFacts(call.path, call, opts);
      return undefined;
    case 'readLink':
      return source.readLink(call.path, opts);
    case 'readRange':
      return source.readRange(call.path, call.range, opts);
    case 'makeLink':
      await source.makeLink(call.path, call.target, opts);
      return undefined;
  }
}

async function edit({ edits }: AtServer, call: EditCall, signal: AbortSignal): Promise<CallResult> {
  switch (call.verb) {
    case 'fetch':
      return edits.fetch(call.path, { signal });
    case 'digest':
      return edits.digest(call.copy, { signal });
    case 'store':
      return edits.store(call.spec, { signal });
    case 'difference':
      return edits.difference(call.copy, call.path, { signal });
    case 'leave':
      await edits.leave(call.copy);
      return undefined;
    case 'leftovers':
      return edits.leftovers();
    case 'drop':
      await edits.drop(call.copy);
      return undefined;
  }
}

async function share({ shares }: AtServer, call: ShareCall, signal: AbortSignal): Promise<CallResult> {
  switch (call.verb) {
    case 'make':
      return shares.make(call.wish, { signal });
    case 'list':
      return shares.list({ signal });
    case 'end':
      await shares.end(call.share, { signal });
      return undefined;
  }
}

async function talk({ chat }: AtServer, call: ChatCall, signal: AbortSignal): Promise<CallResult> {
  switch (call.verb) {
    case 'rooms':
      return chat.rooms({ signal });
    case 'join':
      await chat.join(call.ref, { ...call, signal });
      return undefined;
    case 'leave':
      chat.leave(call.ref);
      return undefined;
    case 'say':
      await chat.say(call.ref, call.text, call.path, { signal });
      return undefined;
    case 'unsay':
      await chat.unsay(call.ref, call.seq, { signal });
      return undefined;
    case 'mute':
      await chat.mute(call.name, call.ms, { signal });
      return undefined;
  }
}

async function trash({ trash }: AtServer, call: TrashCall, signal: AbortSignal): Promise<CallResult> {
  if (call.verb === 'list') return trash.list({ signal, most: call.most });
  await trash.drop(call.deletion, { signal });
  return undefined;
}

function receive(from: EngineCore, message: ToEngine): void {
  switch (message.kind) {
    case 'call':
      void answer(message.id, (signal) => serve(from, message.id, message.call, signal));
      break;
    case 'work':
      void answer(message.id, (signal) =>
        from.worksAt(message.where).run(message.order, {
          signal,
          onPage: (entries) => sendPages(message.id, entries),
          onProgress: (progress) => send({ kind: 'progress', id: message.id, progress }),
        }),
      );
      break;
    case 'edit':
      void answer(message.id, async (signal) => edit(from.at(message.where), message.call, signal));
      break;
    case 'people':
      void answer(message.id, async (signal) => from.at(message.where).people.list({ signal }));
      break;
    case 'show':
      from.at(message.where).people.show(message.activity);
      break;
    case 'watch':
      void answer(message.id, (signal) =>
        from.watching.watch(
          message.where,
          message.path,
          {
            onWatched: (pollMs) => send({ kind: 'watched', id: message.id, pollMs }),
            onChange: (change) => send({ kind: 'change', id: message.id, change }),
          },
          { signal },
        ),
      );
      break;
    case 'share':
      void answer(message.id, async (signal) => share(from.at(message.where), message.call, signal));
      break;
    case 'chat':
      void answer(message.id, async (signal) => talk(from.at(message.where), message.call, signal));
      break;
    case 'trash':
      void answer(message.id, async (signal) => trash(from.at(message.where), message.call, signal));
      break;
    case 'submit':
      void answer(message.id, () => from.submit(message.orders));
      break;
    case 'cancel':
      running.get(message.id)?.abort();
      break;
    case 'act':
      from.act(message.action, message.ids);
      break;
    case 'priority':
      from.setPriority(message.ids, message.priority);
      break;
    case 'limit':
      from.setLimit(message.ids, message.bytesPerSecond);
      break;
    case 'pause-all':
      from.pauseAll(message.paused);
      break;
    case 'limits':
      from.setLimits(message.limits);
      break;
    case 'answer':
      from.answer(message.job, message.sourcePath, message.answer);
      break;
    case 'clear':
      from.clear();
      break;
    case 'open':
      from.open(message.server);
      break;
    case 'reconnect':
      from.reconnect(message.where);
      break;
    case 'close':
      void from.close().then(() => {
        send({ kind: 'closed' });
        port.close();
      });
      break;
  }
}

if (engine !== undefined) port.on('message', (message: ToEngine) => receive(engine, message));
