/**
 * How keys are written: for people and in the file of keys (`Ctrl+R`, `Shift+F5`, `g g`), and as the terminal's input gives
 * them (`C-r`, `S-f5`). A chord is keys pressed one after the other, with a space between. Pure; UI thread.
 */

import { type Shown, trusted } from '@ferry/protocol';

/** Named keys: as the input gives them, and as people call them. */
const named: ReadonlyMap<string, string> = new Map([
  ['up', '↑'],
  ['down', '↓'],
  ['left', '←'],
  ['right', '→'],
  ['pageup', 'PgUp'],
  ['pagedown', 'PgDn'],
  ['home', 'Home'],
  ['end', 'End'],
  ['enter', 'Enter'],
  ['escape', 'Esc'],
  ['space', 'Space'],
  ['tab', 'Tab'],
  ['backspace', 'Backspace'],
  ['insert', 'Insert'],
  ['delete', 'Del'],
]);

/** Other ways to write them. */
const alsoNamed: ReadonlyMap<string, string> = new Map([
  ['escape', 'escape'],
  ['delete', 'delete'],
  ['pageup', 'pageup'],
  ['pagedown', 'pagedown'],
  ['ins', 'insert'],
  ['return', 'enter'],
  ['up', 'up'],
  ['down', 'down'],
  ['left', 'left'],
  ['right', 'right'],
  ...[...named].map(([key, name]) => [name.toLowerCase(), key] as const),
]);

const modifiers: ReadonlyMap<string, string> = new Map([
  ['ctrl', 'C'],
  ['control', 'C'],
  ['alt', 'M'],
  ['meta', 'M'],
  ['shift', 'S'],
]);

const inWords = { C: 'Ctrl', M: 'Alt', S: 'Shift' } as const;

/** A key, or a chord, as people call it: `F5`, `Ctrl+R`, `Space`, `g g`. */
export function keyName(key: string): Shown {
  return trusted(key.split(' ').map(one).join(' '));
}

function one(key: string): string {
  const [, prefix = '', base = key] = /^((?:[CMS]-)*)(.+)$/su.exec(key) ?? [];
  const words = [...prefix.replaceAll('-', '')].map((letter) => `${inWords[letter as 'C' | 'M' | 'S']}+`);
  const called = named.get(base) ?? (/^f\d+$/.test(base) ? base.toUpperCase() : base);
  return words.join('') + (prefix === '' || called.length > 1 ? called : called.toUpperCase());
}

/** A key or chord as the input gives it, from how people write it; undefined where it is none. */
export function parseKey(text: string): string | undefined {
  const keys = text
    .trim()
    .split(/\s+/)
    .map((word) => parseOne(word));
  return keys.length > 0 && keys.every((key) => key !== undefined) ? keys.join(' ') : undefined;
}

function parseOne(word: string): string | undefined {
  if (/^[^\p{C}\p{Z}]$/u.test(word)) return alsoNamed.get(word) ?? word;
  const parts = word.split(/\+(?=.)/u);
  const last = parts.pop() ?? '';
  const found = new Set<string>();
  for (const part of parts) {
    const letter = modifiers.get(part.toLowerCase());
    if (letter === undefined || found.has(letter)) return undefined;
    found.add(letter);
  }
  const base = baseOf(last);
  if (base === undefined) return undefined;
  // A letter with Shift alone is another character; with Ctrl, terminals send the same as without.
  if (base.length === 1 && found.has('S') && (found.has('C') || !found.has('M'))) return undefined;
  return `${['C', 'M', 'S']
    .filter((letter) => found.has(letter))
    .map((letter) => `${letter}-`)
    .join('')}${base}`;
}

function baseOf(text: string): string | undefined {
  if (/^f([1-9]|1\d|20)$/i.test(text)) return text.toLowerCase();
  const key = alsoNamed.get(text.toLowerCase());
  if (key !== undefined) return key;
  return /^[^\p{C}\p{Z}]$/u.test(text) ? text.toLowerCase() : undefined;
}
