/** The owner's orders to a session whose connections may be on any server: carried out here and there. Main thread. */

import { Code, FerryError, type Shown, show } from '@ferry/protocol';
import type { Servers } from '../bus/servers.ts';
import { isOfAccount, readOrder, type SessionOrder } from './order.ts';

/** What one server asks the others. */
export const orderVerb = 'order';

/**
 * Gives whose session it is. Servers that cannot be asked now are left out: what they have of a session that was closed opens no further lane.
 * @param here carries it out on this server. @throws {FerryError} NOT_FOUND when no server has it, LIMIT
 */
export async function orderEverywhere(
  here: (order: SessionOrder) => Shown,
  servers: Pick<Servers, 'ask' | 'ids'> | undefined,
  order: SessionOrder,
): Promise<Shown> {
  const whose = ifFound(() => here(order));
  const body = Buffer.from(JSON.stringify(order));
  const answers = await Promise.allSettled(
    (servers?.ids ?? []).map(async (id) => (await servers?.ask(id, orderVerb, body)) ?? new Uint8Array()),
  );
  const told = answers.map((answer) =>
    answer.status === 'fulfilled' ? show(Buffer.from(answer.value).toString('utf8')) : show(''),
  );
  const found = whose ?? told.find((words) => words !== '');
  if (found === undefined) throw new FerryError(Code.NOT_FOUND, 'that session has gone');
  return found;
}

/** The answer to another server: whose it is, or nothing where it is not here. @throws {FerryError} USAGE, LIMIT */
export function orderFromAfar(here: (order: SessionOrder) => Shown, body: Uint8Array): Uint8Array {
  const order = readOrder(parse(body));
  // Accounts are changed for all servers at once.
  if (isOfAccount(order)) throw new FerryError(Code.USAGE, 'no order for a session');
  return Buffer.from(ifFound(() => here(order)) ?? '');
}

function ifFound(run: () => Shown): Shown | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}
