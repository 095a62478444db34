/** The long works of one session: so many at a time, told about as they go on, ended with their connection. Worker threads. */

import { Code, encodePath, FerryError, limits, type Path } from '@ferry/protocol';
import { Work } from '@ferry/protocol/disk';
import type { TreeDone, TreeFailure, TreeProgress } from '@ferry/protocol/messages';
import type { ServerCall } from '@ferry/protocol/session';
import type { About, Transfers } from '../worker/transfers.ts';

/** What a part says of the work now, in as many parts as it takes. */
type Tell<Part> = (work: Work) => readonly Part[];

export class SessionWorks {
  readonly #transfers: Transfers;
  #count = 0;

  constructor(transfers: Transfers) {
    this.#transfers = transfers;
  }

  /**
   * Parts go out a few times a second and when it has come to its end, no faster than the client takes them.
   * @param about what the owner sees of it
   * @throws {FerryError} LIMIT, SHUTTING_DOWN, and what `use` throws
   */
  async run<Part>(
    call: ServerCall<Part>,
    tell: Tell<Part>,
    use: (work: Work) => Promise<void>,
    about?: Omit<About, 'done'>,
  ): Promise<Work> {
    this.#transfers.checkWelcome();
    if (this.#count >= limits.sessionWorks) {
      throw new FerryError(Code.LIMIT, 'too much long work is under way: wait for some of it to end');
    }
    const say = async (work: Work): Promise<void> => {
      for (const part of tell(work)) if (!call.part(part)) await call.ready();
    };
    this.#count += 1;
    const work = new Work({ signal: call.signal, onProgress: say });
    const done = (): number => work.bytes;
    const transfer = this.#transfers.begin(true, about === undefined ? undefined : { ...about, done });
    try {
      await use(work);
      await say(work);
      return work;
    } finally {
      transfer.over();
      this.#count -= 1;
    }
  }
}

/** How far it is, and what failed since the last time. */
export function treeParts(work: Work): readonly TreeProgress[] {
  const { files, folders, bytes } = work;
  const failures = work
    .takeFailures()
    .map(
      ({ path, error }): TreeFailure => ({ path: sayable(path), code: error.code, message: error.message }),
    );
  const parts: TreeProgress[] = [];
  do parts.push({ files, folders, bytes, failures: failures.splice(0, limits.partFailures) });
  while (failures.length > 0);
  return parts;
}

export function treeDoneOf({ files, folders, bytes, skipped, failed }: Work): TreeDone {
  return { files, folders, bytes, skipped, failed };
}

/** Trees on a disk may be deeper than a path on the wire. */
function sayable(path: Path): Path {
  let sayable = path.slice(0, limits.pathDepth);
  while (encodePath(sayable).length > limits.pathBytes) sayable = sayable.slice(0, -1);
  return sayable;
}
