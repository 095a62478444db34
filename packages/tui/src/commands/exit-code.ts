/** Exit codes of the program, and which one an error means. `ferry help exit-codes` prints the table. */

import { Code, type FerryError } from '@ferry/protocol';

export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  notConnected: 3,
  notAllowed: 4,
  identity: 5,
  someFailed: 6,
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const byCode: ReadonlyMap<Code, ExitCode> = new Map([
  [Code.USAGE, ExitCode.usage],
  [Code.CONNECT_FAILED, ExitCode.notConnected],
  [Code.CONNECTION_LOST, ExitCode.notConnected],
  [Code.TIMEOUT, ExitCode.notConnected],
  [Code.SHUTTING_DOWN, ExitCode.notConnected],
  [Code.VERSION, ExitCode.notConnected],
  [Code.AUTH_FAILED, ExitCode.notAllowed],
  [Code.AUTH_REQUIRED, ExitCode.notAllowed],
  [Code.AUTH_THROTTLED, ExitCode.notAllowed],
  [Code.REVOKED, ExitCode.notAllowed],
  [Code.KICKED, ExitCode.notAllowed],
  [Code.FORBIDDEN, ExitCode.notAllowed],
  [Code.READ_ONLY, ExitCode.notAllowed],
  [Code.PIN_MISMATCH, ExitCode.identity],
  [Code.PIN_UNKNOWN, ExitCode.identity],
  [Code.CANCELLED, ExitCode.interrupted],
]);

export function exitCodeOf(error: FerryError): ExitCode {
  return byCode.get(error.code) ?? ExitCode.failed;
}

export const exitCodeHelp = `Exit codes:
    0  done
    1  something failed; what and why is on stderr
    2  wrong usage
    3  the server could not be reached, or the connection was lost for good
    4  not allowed: unknown device, spent invite, read-only account, no permission
    5  the server's identity is not known yet, or has changed
    6  some of several files failed; each is named on stderr
  130  interrupted`;
