/** What the owner's commands work with: accounts and shares as they are, and where they are changed. Main thread. */

import { AccessFile } from '../access/access-file.ts';
import { Accounts } from '../access/accounts.ts';
import { type AccessChanges, localAccess, sharedAccess } from '../access/operations.ts';
import { Shares } from '../access/shares.ts';
import type { BusConfig } from '../bus/bus-address.ts';
import type { Places } from '../config.ts';

export type OwnersDesk = {
  readonly accounts: Accounts;
  readonly shares: Shares;
  readonly changes: AccessChanges;
  readonly close: () => Promise<void>;
};

/**
 * @param bus undefined: of a server alone; else the command is for its time one of the servers there, beside one that runs here
 * @throws {FerryError} CONFIG; BUSY: the bus says nothing
 */
export async function openOwnersDesk(
  { accessFile }: Places,
  bus: BusConfig | undefined,
): Promise<OwnersDesk> {
  const { changes, close } = bus === undefined ? alone(accessFile) : await together(accessFile, bus);
  const file = new AccessFile(accessFile);
  return {
    accounts: new Accounts(file),
    shares: new Shares(file),
    changes,
    close: async () => {
      file.close();
      await close();
    },
  };
}

type Way = Pick<OwnersDesk, 'changes' | 'close'>;

function alone(accessFile: string): Way {
  const { changes, close } = localAccess(accessFile);
  return { changes, close: async () => close() };
}

async function together(accessFile: string, bus: BusConfig): Promise<Way> {
  const [{ connectToNats }, { NatsLog }, { Replica }, { openAccessReplica }] = await Promise.all([
    import('../bus/nats-connection.ts'),
    import('../bus/nats-log.ts'),
    import('../replica/replica.ts'),
    import('../access/access-replica.ts'),
  ]);
  const line = await connectToNats(bus, { name: 'ferryd: a command of the owner' });
  const { file, replica: ofFile } = openAccessReplica(accessFile);
  const replica = new Replica(ofFile, { log: new NatsLog(line, { name: bus.name, what: 'accounts' }) });
  const close = async (): Promise<void> => {
    await replica.close();
    file.close();
    await line.close();
  };
  try {
    await replica.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { changes: sharedAccess((order) => replica.change(order)), close };
}
