/** Folders of the server that are shown, over the control connection of this moment. I/O thread. */

import { asFerryError, Code, FerryError, type Path } from '@ferry/protocol';
import { unwatch, watch } from '@ferry/protocol/messages';
import type { Wait } from '../engine/source.ts';
import type { WatchHears } from '../engine/watching.ts';
import type { Connection } from './connection.ts';

/** As Watching has it. */
export async function watchRemote(
  connection: Connection,
  path: Path,
  { onWatched, onChange }: WatchHears,
  { signal }: Wait = {},
): Promise<never> {
  const session = await connection.session(signal);
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new FerryError(Code.CANCELLED, 'cancelled'));
  const { id, leave } = session.hearFolder((news) => {
    if (news.kind === 'over') reject(news.error);
    else onChange?.(news);
  }, reject);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  let isWatched = false;
  try {
    const { pollMs } = await Promise.race([session.channel.call(watch, { id, path }), promise]);
    isWatched = true;
    onWatched?.(pollMs);
    return await promise;
  } catch (thrown) {
    const error = asFerryError(thrown);
    // Of one that was given up before it was answered the server knows nothing bad.
    if (error.code === Code.CANCELLED || isWatched) session.channel.call(unwatch, { id }).catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    leave();
  }
}
