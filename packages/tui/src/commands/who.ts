/** `ferry who ADDRESS`: the people that are on a server, as far as one may know of them. */

import { show, showName } from '@ferry/protocol';
import { peopleOn } from '../client/people.ts';
import type { Person } from '../engine/people.ts';
import type { ConnectOptions } from './connect.ts';
import { ExitCode } from './exit-code.ts';
import { withSession } from './open-session.ts';
import { jsonPath, toJsonLine } from './printer-json.ts';
import { shownPath } from './printer-text.ts';

export type WhoOptions = ConnectOptions & { readonly json?: boolean };

/** Whoever was here longest first; this command's own session is left out. */
export function who(address: string, options: WhoOptions): Promise<ExitCode> {
  return withSession(address, options, async ({ session, signal }) => {
    const others = (await peopleOn(session, { signal })).filter(({ isSelf }) => !isSelf);
    for (const person of others) {
      process.stdout.write(options.json === true ? jsonLine(person) : `${textLine(person)}\n`);
    }
    if (others.length === 0 && options.json !== true) process.stderr.write('nobody else is here\n');
    return ExitCode.done;
  });
}

function textLine({ user, client, sinceMs, activity }: Person): string {
  const since = new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ');
  const folder = activity?.folder === undefined ? '' : `  in /${shownPath(activity.folder)}`;
  const moves = (activity?.moving ?? []).map(
    ({ way, path }) => `  ${way === 0 ? 'uploads' : 'downloads'} ${showName(path.at(-1) ?? '/')}`,
  );
  const more = (activity?.movingCount ?? 0) - moves.length;
  return `${show(user)}  ${show(client)}  since ${since} UTC${folder}${moves.join('')}${more > 0 ? `  and ${more} more` : ''}`;
}

function jsonLine({ user, client, sinceMs, activity }: Person): string {
  return toJsonLine({
    user,
    client,
    since: new Date(sinceMs).toISOString(),
    folder: activity?.folder === undefined ? null : jsonPath(activity.folder),
    moving: (activity?.moving ?? []).map(({ way, path }) => ({
      way: way === 0 ? 'up' : 'down',
      path: jsonPath(path),
    })),
    movingCount: activity?.movingCount ?? 0,
  });
}
