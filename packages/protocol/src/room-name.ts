/**
 * What a room of the chat may be called, and what a message may say. Pure; both ends, on the wire and where a user types.
 */

import { show } from './display.ts';
import { Code, FerryError } from './errors.ts';
import { limits } from './limits.ts';

/**
 * The name in its one form: NFC, without blanks around it. A name is what everybody reads the same way, so nothing in it is
 * invisible or needs an escape, and none begins as a person or an option does.
 * @throws {FerryError} NAME_INVALID, NAME_TOO_LONG
 */
export function checkRoomName(text: string): string {
  const name = text.normalize('NFC').trim();
  if (Buffer.byteLength(name) > limits.chatRoomNameBytes) {
    throw new FerryError(
      Code.NAME_TOO_LONG,
      `the name of a room has at most ${limits.chatRoomNameBytes} bytes`,
    );
  }
  if (name === '' || /^[@#-]/.test(name) || show(name) !== name) {
    throw new FerryError(
      Code.NAME_INVALID,
      'a room is called by letters, numbers and signs that can be seen, and not @…, #… or -…',
    );
  }
  return name;
}

/** One line of 1 to limits.chatTextBytes bytes in UTF-8 without control characters. */
export function isChatText(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= limits.chatTextBytes && !/\p{Cc}|\p{Cs}/u.test(text);
}
