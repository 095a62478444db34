/**
 * watch: news of a folder, as events, until `unwatch`, until the folder is over or the session ends. The client gives each watch a
 * number of its own, which its events carry. A `list` of the folder that is sent behind `watch` begins when that has been set up, so that
 * nothing between the two is missed.
 */

import { Code, FerryError, fromWireError, toWireError } from '../errors.ts';
import type { FolderNews } from '../folder-news.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import type { Packable } from '../wire/msgpack.ts';
import { operation } from '../wire/operation.ts';
import { array, entry, integer, name, oneOf, path, text, tuple } from '../wire/shape.ts';

/** A number that no other watch of the session has or had. */
const id = integer(1, 0xffff_ffff);

/** `pollMs`: how often the server reads the folder itself to find out; 0: it is told at once. */
export const watch = operation<{ id: number; path: Path }, { pollMs: number }>({
  kind: Kind.watch,
  request: tuple({ id, path }),
  reply: tuple({ pollMs: integer(0, 86_400_000) }),
});

/** Of a watch that is over already, nothing. */
export const unwatch = operation<{ id: number }>({
  kind: Kind.unwatch,
  request: tuple({ id }),
});

const changed = 0;
const again = 1;
const over = 2;
const what = oneOf(changed, again, over);
const entries = array(entry, limits.newsRows);
const names = array(name, limits.newsRows);
const code = integer(1, 0xffff);
const words = text(limits.textBytes);

/** The elements behind the number of the watch. */
export function putFolderNews(news: FolderNews): readonly Packable[] {
  switch (news.kind) {
    case 'changed':
      return [changed, entries.put(news.entries), names.put(news.gone)];
    case 'again':
      return [again];
    case 'over': {
      const [errorCode, message] = toWireError(news.error);
      return [over, errorCode, message];
    }
  }
}

/** @throws {FerryError} MALFORMED, NAME_… */
export function getFolderNews(values: readonly unknown[]): FolderNews {
  switch (what.get(values[0], 'what')) {
    case changed: {
      const news = { entries: entries.get(values[1], 'entries'), gone: names.get(values[2], 'gone') };
      if (news.entries.length + news.gone.length > limits.newsRows) {
        throw new FerryError(
          Code.MALFORMED,
          `news of a folder have at most ${limits.newsRows} rows and names`,
        );
      }
      return { kind: 'changed', ...news };
    }
    case again:
      return { kind: 'again' };
    case over: {
      const message = words.get(values[2], 'message');
      return { kind: 'over', error: fromWireError([code.get(values[1], 'code'), message, 0]) };
    }
  }
}

export const watchId = id;
