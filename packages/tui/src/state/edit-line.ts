/** A line that is typed: its text, its cursor, and what keys do to them. Pure; UI thread. */

import type { Shown } from '@ferry/protocol';
import type { Action } from '../keymap/keymap.ts';

export type Field = {
  /** '' where the title says it all. */
  readonly label: Shown;
  readonly text: string;
  /** In characters (code points), 0 … length. */
  readonly at: number;
  /** Nobody who looks at the screen may read it. */
  readonly secret?: true;
};

/** Longest line, characters; a path is typed in one. */
export const lineCharacters = 4096;

export function field(label: Shown, text: string): Field {
  return { label, text, at: [...text].length };
}

/** Puts text before the cursor; what would make the line too long is not taken. */
export function typedInto(line: Field, text: string, most = lineCharacters): Field {
  const characters = [...line.text];
  const added = [...text];
  if (characters.length + added.length > most) return line;
  characters.splice(line.at, 0, ...added);
  return { ...line, text: characters.join(''), at: line.at + added.length };
}

/** The same line for an action that edits none. */
export function edited(line: Field, action: Action): Field {
  const characters = [...line.text];
  const at = (place: number): Field => ({ ...line, at: Math.min(Math.max(0, place), characters.length) });
  const without = (from: number, to: number): Field => ({
    ...line,
    text: characters.toSpliced(from, to - from).join(''),
    at: from,
  });
  switch (action) {
    case 'left':
      return at(line.at - 1);
    case 'right':
      return at(line.at + 1);
    case 'first':
      return at(0);
    case 'last':
      return at(characters.length);
    case 'erase':
      return line.at === 0 ? line : without(line.at - 1, line.at);
    case 'erase-forward':
      return without(line.at, line.at + 1);
    case 'erase-word':
      return without(wordBefore(characters, line.at), line.at);
    case 'erase-line':
      return without(0, line.at);
    default:
      return line;
  }
}

/** Words end at spaces and at slashes, as paths are typed here. */
function wordBefore(characters: readonly string[], at: number): number {
  const ends = (place: number): boolean => /[\s/]/u.test(characters[place - 1] ?? '');
  let from = at;
  while (from > 0 && ends(from)) from -= 1;
  while (from > 0 && !ends(from)) from -= 1;
  return from;
}
