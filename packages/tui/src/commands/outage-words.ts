/** What a command says while its server is away: each reason once, as it tries again every second or so. I/O thread. */

import { show } from '@ferry/protocol';
import type { ConnectionStatus } from '../engine/engine.ts';

/** Takes each status as it comes; gives a sentence for the user, or undefined where nothing new is to be said. */
export function outageWords(): (status: ConnectionStatus) => string | undefined {
  let said: string | undefined;
  return (status) => {
    if (status.phase === 'online') said = undefined;
    if (status.phase !== 'offline' || status.error[1] === said) return undefined;
    said = status.error[1];
    return `${show(said)}; trying again in ${Math.ceil(status.retryMs / 1000)} s`;
  };
}
