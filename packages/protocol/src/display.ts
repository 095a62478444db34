/**
 * The one sanitiser: text or bytes from the other side, made safe for a screen, a log or a terminal.
 * Whatever shows something takes `Shown`, and only this file can make one. Pure; used on every thread.
 *
 * Letters, marks, numbers, punctuation, symbols and the plain space pass. Control, format (bidi, zero width), surrogate,
 * private and unassigned characters, other separators and variation selectors become visible escapes; so does the
 * backslash, which makes the mapping reversible by eye. Invalid UTF-8 bytes become \xHH.
 */

declare const shownBrand: unique symbol;
/** Text that holds nothing a terminal acts on: one row stays one row, no escape, no bidi, no invisible character. */
export type Shown = string & { readonly [shownBrand]: true };

/** Marks on one base character beyond this are escaped (they would paint over neighbouring rows). */
const marksPerBase = 4;

const plain = /^[ -[\]-~]*$/;
const safe = /^(?:[\p{L}\p{N}\p{P}\p{S}]|\p{M}| )$/u;
/** With the Korean vowels and finals that join what is before them. */
const mark = /^[\p{M}\u1160-\u11ff]$/u;
const hidden = /[\p{Default_Ignorable_Code_Point}\p{Variation_Selector}\u2800\u3164\uffa0]/u;
const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\x1b', '\\e'],
  ['\\', '\\\\'],
]);

function escapeText(text: string): string {
  let shown = '';
  let marks = 0;
  for (const char of text) {
    const isMark = mark.test(char);
    marks = isMark ? marks + 1 : 0;
    const short = shortEscapes.get(char);
    if (short !== undefined) shown += short;
    else if (safe.test(char) && !hidden.test(char) && (!isMark || (marks <= marksPerBase && shown !== '')))
      shown += char;
    else shown += `\\u{${char.codePointAt(0)!.toString(16)}}`;
  }
  return shown;
}

/** Text (already UTF-16) made safe. */
export function show(text: string): Shown {
  return (plain.test(text) ? text : escapeText(text)) as Shown;
}

/** A name or any byte string made safe: UTF-8 where it is UTF-8, `\xHH` for each byte that is not. */
export function showName(byteString: string): Shown {
  if (plain.test(byteString)) return byteString as string as Shown;
  const bytes = Buffer.from(byteString, 'latin1');
  let shown = '';
  let from = 0;
  while (from < bytes.length) {
    const length = utf8Length(bytes, from);
    if (length === 0) {
      shown += `\\x${bytes[from]!.toString(16).padStart(2, '0')}`;
      from += 1;
      continue;
    }
    let to = from + length;
    for (let next = utf8Length(bytes, to); next > 0; next = utf8Length(bytes, to)) to += next;
    shown += escapeText(bytes.toString('utf8', from, to));
    from = to;
  }
  return shown as Shown;
}

export type ShownChar = {
  readonly text: Shown;
  /** How many bytes it stands for. */
  readonly bytes: number;
  /** It is not the character itself, but says which one it is. */
  readonly isEscape: boolean;
  /** It stands on the character before it, or would if there were not too many. */
  readonly isMark: boolean;
};

/**
 * The character of a document that begins at `at`, which is inside of `bytes`. As in showName, but a backslash is itself: who
 * reads a text wants it as it was written. `marksBefore` marks stand on the character before it already; -1: there is none.
 */
export function showCharAt(bytes: Uint8Array, at: number, marksBefore: number): ShownChar {
  const byte = bytes[at]!;
  if (byte >= 0x20 && byte < 0x7f) {
    return { text: String.fromCharCode(byte) as Shown, bytes: 1, isEscape: false, isMark: false };
  }
  const length = utf8Length(bytes, at);
  if (length === 0) {
    const text = `\\x${byte.toString(16).padStart(2, '0')}` as Shown;
    return { text, bytes: 1, isEscape: true, isMark: false };
  }
  const { plainly, said, isMark } = kindOf(pointAt(bytes, at, length));
  const isEscape = plainly === undefined || (isMark && (marksBefore < 0 || marksBefore >= marksPerBase));
  return { text: isEscape ? said : plainly, bytes: length, isEscape, isMark };
}

type CharKind = {
  /** Itself; undefined where it may never be shown. */
  readonly plainly: Shown | undefined;
  readonly said: Shown;
  readonly isMark: boolean;
};

/** What was found out of characters: asking the tables for each of them again is most of the work of showing a text. */
const kinds = new Map<number, CharKind>();
const mostKinds = 8192;

function kindOf(point: number): CharKind {
  const known = kinds.get(point);
  if (known !== undefined) return known;
  const char = String.fromCodePoint(point);
  const isShown = safe.test(char) && !hidden.test(char);
  const kind: CharKind = {
    plainly: isShown ? (char as Shown) : undefined,
    said: (shortEscapes.get(char) ?? `\\u{${point.toString(16)}}`) as Shown,
    isMark: mark.test(char),
  };
  if (kinds.size >= mostKinds) kinds.clear();
  kinds.set(point, kind);
  return kind;
}

/** Of a well-formed sequence. */
function pointAt(bytes: Uint8Array, at: number, length: number): number {
  let point = length === 1 ? bytes[at]! : bytes[at]! & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) point = point * 64 + (bytes[at + i]! & 0x3f);
  return point;
}

/** Length of the well-formed UTF-8 sequence at `at`, 0 when there is none (Unicode 16, table 3-7). */
function utf8Length(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  if (lead === undefined) return 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) {
    const next = bytes[at + i] ?? 0;
    if (next < 0x80 || next > 0xbf) return 0;
  }
  return length;
}

/** Text that our own sources contain; asserts what the type system cannot see. */
export function trusted(text: string): Shown {
  return text as Shown;
}
