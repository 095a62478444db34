/**
 * What all servers hear of each other on the bus, and how what comes from another one is looked at before any thread believes it. Every other
 * subject is a process's own. Main thread.
 */

import { offenceIn, offenceSubject, passwordSubject, tryIn } from '../access/shared-throttle.ts';
import { chatSubject, checkBell } from '../chat/chat-over-bus.ts';
import { checkPresence, presenceSubject } from '../presence/people.ts';
import { checkTouched, touchedSubject } from '../watching/folder-subject.ts';

const checks: ReadonlyMap<string, (body: Uint8Array) => void> = new Map([
  [presenceSubject, checkPresence],
  [touchedSubject, checkTouched],
  [chatSubject, checkBell],
  [offenceSubject, offenceIn],
  [passwordSubject, tryIn],
]);

/** Each throws a FerryError; undefined: not shared. */
export function checkOfShared(subject: string): ((body: Uint8Array) => void) | undefined {
  return checks.get(subject);
}
