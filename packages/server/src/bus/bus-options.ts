/** `--bus`, `--bus-credentials` and `--bus-name`, as they were typed. Main thread. */

import { readFileSync } from 'node:fs';
import { Code, FerryError, show } from '@ferry/protocol';
import { type BusConfig, parseBus, parseBusCredentials, parseBusName } from './bus-address.ts';

export type BusOptions = {
  readonly bus?: string;
  readonly busCredentials?: string;
  readonly busName?: string;
};

/** undefined: a server alone. @throws {FerryError} USAGE; CONFIG for a file that cannot be read or says nothing */
export function busFrom({ bus, busCredentials, busName }: BusOptions): BusConfig | undefined {
  if (bus === undefined) {
    if (busCredentials === undefined && busName === undefined) return undefined;
    throw new FerryError(Code.USAGE, 'say with --bus URL where the bus is');
  }
  const address = parseBus(bus);
  const credentials = busCredentials === undefined ? address.credentials : credentialsIn(busCredentials);
  return { ...address, credentials, name: parseBusName(busName ?? 'ferry') };
}

function credentialsIn(file: string): BusConfig['credentials'] {
  try {
    return parseBusCredentials(readFileSync(file, 'utf8'));
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw new FerryError(Code.CONFIG, `the file ${show(file)} of --bus-credentials cannot be read`, {
      cause,
    });
  }
}
