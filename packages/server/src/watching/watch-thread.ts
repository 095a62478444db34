/**
 * The one thread of a server that watches folders; started by watching.ts with the first folder that somebody looks at. One thread, so that
 * each folder is watched once however many look at it, the bounds are counted in one place, and a disk that stands still holds up no
 * session. It tells what changes to whoever listens on the bus.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { asFerryError, type FolderNews, limits, toWireError } from '@ferry/protocol';
import { FolderWatches, Root, watchedPlace } from '@ferry/protocol/disk';
import { ThreadBus } from '../bus/thread-bus.ts';
import { isObjectStorage } from '../storage/address.ts';
import { encodeNews, folderSubject, keysTouched, pathOfKey, touchedSubject } from './folder-subject.ts';
import type { FromWatcher, ToWatcher, WatchSetup } from './messages.ts';
import { ToldFolders } from './told-folders.ts';

if (parentPort === null) throw new Error('this file runs in a worker thread');
const port = parentPort;
const setup = workerData as WatchSetup;
const send = (message: FromWatcher): void => port.postMessage(message);

const bus = new ThreadBus(setup.busMember, (parcel) => send({ kind: 'bus', parcel }));
const watches = isObjectStorage(setup.folder) ? toldFolders() : folderWatches();

// What ferry itself changes shows at once also where folders are only read now and then.
bus.subscribe(touchedSubject, {
  onMessage: (body) => {
    const keys = keysTouched(body);
    for (const key of keys.length === 0 ? [undefined] : keys) watches.hint(key);
  },
  onGap: () => watches.hint(undefined),
});

port.on('message', (message: ToWatcher) => {
  switch (message.kind) {
    case 'want':
      void want(message.key, message.id);
      break;
    case 'leave':
      watches.leave(message.key);
      break;
    case 'bus':
      bus.receive(message.parcel);
      break;
  }
});

type Watches = {
  /** How often the folder is read, milliseconds; 0: never. @throws {FerryError} NOT_FOUND, LIMIT, … */
  readonly watch: (key: string) => Promise<number>;
  readonly leave: (key: string) => void;
  readonly hint: (key: string | undefined) => void;
};

function folderWatches(): Watches {
  const root = Root.open(setup.folder);
  const folders = new FolderWatches({ most: limits.watchedFolders, polls: setup.polls, onNews: tell });
  return {
    watch: async (key) => (await folders.watch(key, watchedPlace(root, pathOfKey(key)))).pollMs,
    leave: (key) => folders.leave(key),
    hint: (key) => folders.hint(key),
  };
}

function toldFolders(): Watches {
  const folders = new ToldFolders(tell);
  return {
    watch: async (key) => {
      folders.watch(key);
      return 0;
    },
    leave: (key) => folders.leave(key),
    hint: (key) => folders.hint(key),
  };
}

async function want(key: string, id: number): Promise<void> {
  try {
    send({ kind: 'watched', key, id, answer: { pollMs: await watches.watch(key) } });
  } catch (error) {
    send({ kind: 'watched', key, id, answer: toWireError(asFerryError(error)) });
  }
}

function tell(key: string, news: FolderNews): void {
  bus.publish(folderSubject(key), encodeNews(news));
  if (news.kind === 'over') send({ kind: 'over', key });
}
