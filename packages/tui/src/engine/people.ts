/** Who else is on the server. The contract; I/O thread, and through the engine's proxy. */

import type { Activity, Person } from '@ferry/protocol/messages';
import type { Wait } from './source.ts';

export type { Activity, Person };

export interface People {
  /**
   * Those whom one may know of, oneself among them. From then on the event `people` tells that something has changed.
   * @throws {FerryError} FORBIDDEN; UNKNOWN_MESSAGE (an older server)
   */
  list(opts?: Wait): Promise<readonly Person[]>;
  /** What others may see of oneself from now on, also after a loss of the connection; undefined, as in the beginning: nothing. */
  show(activity: Activity | undefined): void;
}
