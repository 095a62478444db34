/** How ferryd ends, for scripts: the numbers that `ferry help exit-codes` documents. Pure; main thread. */

import { Code, type FerryError } from '@ferry/protocol';

export const ExitCode = { done: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Of the screen of a server: who sat there wants the server ended too. As a shell has it for Ctrl+C. */
export const screenEndsServer = 130;

export function exitCodeOf(error: FerryError): ExitCode {
  return error.code === Code.USAGE ? ExitCode.usage : ExitCode.failed;
}
