/** The servers that the connect screen offers, and how one of them is settled on. Before the browser, and out of it. */

import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hostPort, parseAddress } from '@ferry/protocol/session';
import { KnownServers } from '../client/known-servers.ts';
import { reachOf } from '../client/probe.ts';
import { SavedServers } from '../client/saved-servers.ts';
import { sshHosts } from '../client/ssh-hosts.ts';
import { learn, mismatch } from '../client/trust.ts';
import type { Choices } from '../connect-app.ts';
import { addressText, type ConnectOptions, introduce, places, settle, type Target } from './connect.ts';

/** @throws {FerryError} CONFIG */
export function choicesOf(options: ConnectOptions): Choices<Target> {
  const saved = new SavedServers(places.savedServersFile);
  const known = new KnownServers(places.knownServersFile);
  return {
    rows: () => rowsOf(saved, known),
    reach: (text, signal) => {
      const address = parseAddress(text);
      return reachOf(address, known.get(hostPort(address))?.fingerprint, signal);
    },
    connect: async (text, ask, signal) => {
      const found = await settle(text, options, { ask: ask.trust, signal });
      // Who is known and who answers are compared here already, where there is room to say what it means.
      const shown = await learn(found.address, signal);
      const where = hostPort(found.address);
      if (shown !== found.engine.fingerprint) {
        const before = known.get(where);
        const since = before?.fingerprint === found.engine.fingerprint ? before.since : undefined;
        throw mismatch(where, found.engine.fingerprint, shown, since);
      }
      await introduce(found, options, { ask: (user, attempt) => ask.password(where, user, attempt) });
      return found;
    },
    save: (name, address) => {
      saved.save(name, addressText(parseAddress(address)));
    },
    remove: (address) => saved.remove(address),
    random: (below) => randomInt(below),
  };
}

/** Saved and visited servers, those that are trusted and were never on this screen, and names that ssh knows. */
function rowsOf(saved: SavedServers, known: KnownServers) {
  const reach = { kind: 'unknown' } as const;
  const own = saved
    .all()
    .map((one) => ({ ...one, from: one.name === '' ? 'recent' : 'saved', reach }) as const);
  const hosts = new Set(own.map(({ address }) => hostPort(parseAddress(address))));
  const trusted = [...known.all().keys()]
    .filter((where) => !hosts.has(where))
    .map(
      (where) =>
        ({ from: 'recent', name: '', address: `ferry://${where}`, lastMs: undefined, reach }) as const,
    );
  const suggested = sshHosts(sshConfig()).map(
    ({ name, host }) =>
      ({ from: 'ssh', name, address: `ferry://${host}`, lastMs: undefined, reach }) as const,
  );
  return [...own, ...trusted, ...suggested];
}

function sshConfig(): string {
  try {
    return readFileSync(join(homedir(), '.ssh/config'), 'utf8');
  } catch {
    return '';
  }
}
