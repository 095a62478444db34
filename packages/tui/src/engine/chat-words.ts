/** What the notes of a line mean, in words. Pure; the browser and `ferry chat`. */

import type { ChatNote } from './chat.ts';

/** `from`: safe to show. */
export function noteWords(note: ChatNote, from: string): string {
  switch (note) {
    case 'gap':
      return 'what was said before this is not kept any more';
    case 'taken':
      return `what ${from} said here was taken away`;
    case 'anew':
      return 'the server has lost what was said here: it begins anew';
    case 'missing':
      return `something that ${from} said before this was kept back by the server`;
    case 'moved':
      return 'the server has changed the order: somebody answered this before it came';
    case 'clock':
      return `${from} and the server disagree about the time of this`;
    case 'replayed':
      return `the server has sent a message of ${from} again`;
    case 'unreadable':
      return `a message that is said to be of ${from} was changed on its way, or is not of ${from}`;
  }
}
