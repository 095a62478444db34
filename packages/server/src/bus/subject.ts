/** What every implementation of the bus holds subjects and bodies against. Pure; worker threads. */

import { limits } from '@ferry/protocol';

const form = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;

/** @throws {RangeError} */
export function checkSubject(subject: string): void {
  if (subject.length <= limits.busSubjectBytes && form.test(subject)) return;
  throw new RangeError(
    'a subject of the bus has names of small letters, digits and hyphens, with dots in between',
  );
}

/** @throws {RangeError} */
export function checkMessage(subject: string, body: Uint8Array): void {
  checkSubject(subject);
  if (body.length > limits.busMessageBytes) throw new RangeError('a message is too long for the bus');
}
