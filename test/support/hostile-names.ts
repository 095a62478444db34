/** Names and sentences that are made to act on a terminal, to move its rows or to deceive who reads them. */

import type { Random } from './hostile-frames.ts';

const esc = '\x1b';

/** Whole sequences. Whoever lets one through lets a terminal act. */
const sequences: readonly string[] = [
  `${esc}[2J${esc}[H`,
  `${esc}[31m`,
  `${esc}[0m`,
  `${esc}[8m`,
  `${esc}[6n`,
  `${esc}[?1049l`,
  `${esc}[1000;1000H`,
  `${esc}]0;title\x07`,
  `${esc}]2;title${esc}\\`,
  `${esc}]8;;https://example.org${esc}\\link${esc}]8;;${esc}\\`,
  `${esc}]52;c;cm0gLXJmIH4=\x07`,
  `${esc}]52;p;?\x07`,
  `${esc}P+q544e${esc}\\`,
  `${esc}P$qm${esc}\\`,
  `${esc}_apc${esc}\\`,
  `${esc}^pm${esc}\\`,
  `${esc}X`,
  `${esc}c`,
  `${esc}(0`,
  `${esc}#8`,
  `${esc}=`,
  '\x9b31m',
  '\x9d52;c;YQ==\x9c',
  '\x90q\x9c',
  '\x85',
  '{red-fg}',
  '{/}',
  '{|}',
  '{center}',
  '{right}',
  '{escape}{bold}{/escape}',
  '{open}',
  '\r\n',
  '\n',
  '\r',
  '\t',
  '\b\b\b\b',
  '\x7f',
  '\x0e',
  '\x0f',
  '\u2028',
  '\u2029',
  '\u202egpj.exe',
  '\u2066',
  '\u200b',
  '\u200d',
  '\u00ad',
  '\ufeff',
  '\u{e0041}',
  '\ufe0f',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '\u{1f1e9}\u{1f1ea}',
  '海と船',
  'ﷺ',
  'สวัสดี',
  '\u1100\u1161\u11a8',
  'e\u0301\u0302\u0303\u0304\u0305\u0306\u0307',
  '\u0301',
  '\ue000',
  '\u{10ffff}',
  '\ufffd',
  '..',
  '[Parent]',
  'Transfer complete ✔',
  '│',
  '└──┘',
  'server: /',
  ' '.repeat(30),
  '$(reboot)',
  '`id`',
  '\\e[2J',
  '\\',
];

/** Ranges of code points that terminals treat each in its own way. */
const ranges: readonly (readonly [from: number, to: number])[] = [
  [0x01, 0x1f],
  [0x20, 0x7e],
  [0x7f, 0x9f],
  [0xa0, 0x17f],
  [0x300, 0x36f],
  [0x590, 0x6ff],
  [0xe00, 0xe7f],
  [0x1100, 0x11ff],
  [0x2000, 0x206f],
  [0x2500, 0x25ff],
  [0x3000, 0x30ff],
  [0x4e00, 0x4fff],
  [0xac00, 0xadff],
  [0xd800, 0xdfff],
  [0xfe00, 0xffff],
  [0x1f300, 0x1faff],
  [0x1f1e6, 0x1f1ff],
  [0xe0000, 0xe007f],
  [0x10fff0, 0x10ffff],
];

function piece(random: Random): string {
  if (random(3) === 0) return sequences[random(sequences.length)] ?? '';
  const [from, to] = ranges[random(ranges.length)] ?? [0x41, 0x5a];
  return String.fromCodePoint(from + random(to - from + 1)).repeat(random(12) === 0 ? 1 + random(40) : 1);
}

/** Text as a message may carry it: no half surrogates, as there is no UTF-8 of them. */
export function hostileText(random: Random, pieces = 1 + random(8)): string {
  return Array.from({ length: pieces }, () => piece(random))
    .join('')
    .toWellFormed();
}

/** A name as a byte string: mostly UTF-8, sometimes not, at most 255 bytes, without `/` and NUL. */
export function hostileName(random: Random): string {
  const bytes = Buffer.from(hostileText(random)).subarray(0, 255);
  for (let changes = random(4) === 0 ? random(6) : 0; changes > 0 && bytes.length > 0; changes--)
    bytes[random(bytes.length)] = random(256);
  const name = bytes.toString('latin1').replaceAll('/', '|').replaceAll('\0', '~');
  return name === '' || name === '.' || name === '..' ? `${name}x` : name;
}
