/** What a terminal sends for a key, by the name that the key table has for it: the other direction of view/decode-input. */

const letters: Readonly<Record<string, string>> = {
  up: 'A',
  down: 'B',
  right: 'C',
  left: 'D',
  end: 'F',
  home: 'H',
};

const numbers: Readonly<Record<string, number>> = {
  insert: 2,
  delete: 3,
  pageup: 5,
  pagedown: 6,
  f5: 15,
  f6: 17,
  f7: 18,
  f8: 19,
  f9: 20,
  f10: 21,
  f11: 23,
  f12: 24,
};

const plain: Readonly<Record<string, string>> = {
  enter: '\r',
  space: ' ',
  tab: '\t',
  escape: '\x1b',
  backspace: '\x7f',
  'S-tab': '\x1b[Z',
  'C-space': '\0',
  'C-\\': '\x1c',
};

/** As xterm does. @throws {RangeError} on a key that it has no bytes for */
export function keyBytes(key: string): string {
  const known = plain[key];
  if (known !== undefined) return known;
  if ([...key].length === 1) return key;
  const [, prefixes = '', name = ''] = /^((?:[SMC]-)*)(.+)$/s.exec(key) ?? [];
  const modifiers =
    1 +
    (prefixes.includes('S') ? 1 : 0) +
    (prefixes.includes('M') ? 2 : 0) +
    (prefixes.includes('C') ? 4 : 0);
  const letter = letters[name];
  if (letter !== undefined) return modifiers === 1 ? `\x1b[${letter}` : `\x1b[1;${modifiers}${letter}`;
  const early = /^f([1-4])$/.exec(name)?.[1];
  if (early !== undefined) {
    const ss3 = 'PQRS'[Number(early) - 1] ?? '';
    return modifiers === 1 ? `\x1bO${ss3}` : `\x1b[1;${modifiers}${ss3}`;
  }
  const number = numbers[name];
  if (number !== undefined) return modifiers === 1 ? `\x1b[${number}~` : `\x1b[${number};${modifiers}~`;
  if (prefixes === 'M-') return `\x1b${keyBytes(name)}`;
  if (prefixes === 'C-' && /^[a-z]$/.test(name)) return String.fromCharCode(name.charCodeAt(0) - 96);
  throw new RangeError(`no terminal sends ${key}`);
}
