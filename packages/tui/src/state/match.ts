/**
 * Patterns for names: what a filter, a quick jump and marking by pattern mean by what was typed. Pure; UI thread.
 *
 * Large and small letters are told apart only where the pattern has a large one. A match takes at most the product of both
 * lengths, whatever the pattern.
 */

import type { Name } from '@ferry/protocol';
import type { EntryPage } from '../engine/entry-page.ts';

export type Matches = (name: Name) => boolean;

const beyondAscii = /[\x80-\xff]/;

/** A name as text that people could type; what is no UTF-8 becomes replacement characters. */
export function textOfName(name: Name): string {
  return beyondAscii.test(name) ? Buffer.from(name, 'latin1').toString('utf8') : name;
}

function foldedFor(pattern: string): (text: string) => string {
  return /\p{Lu}/u.test(pattern) ? (text) => text : (text) => text.toLowerCase();
}

/** Names that hold the text; with `*` or `?` in it, names that are wholly like it. */
export function filterFor(text: string): Matches {
  if (/[*?]/.test(text)) return patternFor(text);
  const fold = foldedFor(text);
  const wanted = fold(text);
  return (name) => fold(textOfName(name)).includes(wanted);
}

/** Whether what a filter leaves is a part of what the one before it left, whatever the names. */
export function isNarrower(filter: string, before: string): boolean {
  const isPlain = (text: string): boolean => /^[\x20-\x7e]+$/.test(text) && !/[*?]/.test(text);
  return isPlain(filter) && isPlain(before) && filter.includes(before);
}

export type RowMatches = (page: EntryPage, place: number) => boolean;

/** As {@link filterFor}, of rows: most names are told apart by their bytes, without being made. */
export function rowFilter(text: string): RowMatches {
  return byBytes(text, filterFor(text), false);
}

/** As {@link beginningWith}, of rows. */
export function rowBeginning(text: string): RowMatches {
  return byBytes(text, beginningWith(text), true);
}

function byNames(matches: Matches): RowMatches {
  return (page, place) => matches(page.nameAt(place));
}

function byBytes(text: string, matches: Matches, isStart: boolean): RowMatches {
  const byName = byNames(matches);
  if (!/^[\x20-\x7e]+$/.test(text) || /[*?]/.test(text)) return byName;
  const fold = foldTable(/[A-Z]/.test(text));
  const wanted = Uint8Array.from(text, (char) => fold[char.charCodeAt(0)]!);
  return (page, place) => {
    const from = page.starts[place]!;
    const end = page.ends[place]!;
    const last = Math.min(end - wanted.length, isStart ? from : end);
    // Large and small letters beyond ASCII may be one of ASCII.
    return holds(page.names, from, last, wanted, fold) || (!page.isAscii && byName(page, place));
  };
}

/** What each byte is compared as. */
function foldTable(isExact: boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    !isExact && byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
  );
}

function holds(names: Uint8Array, from: number, last: number, wanted: Uint8Array, fold: Uint8Array): boolean {
  const first = wanted[0]!;
  for (let at = from; at <= last; at++) {
    if (fold[names[at]!] !== first) continue;
    let same = 1;
    while (same < wanted.length && fold[names[at + same]!] === wanted[same]) same += 1;
    if (same === wanted.length) return true;
  }
  return false;
}

export function beginningWith(text: string): Matches {
  const fold = foldedFor(text);
  const wanted = fold(text);
  return (name) => fold(textOfName(name)).startsWith(wanted);
}

/** `*` stands for any characters, `?` for one; several patterns with `;` between them. */
export function patternFor(pattern: string): Matches {
  const fold = foldedFor(pattern);
  const parts = pattern
    .split(';')
    .map((part) => [...fold(part.trim())])
    .filter((part) => part.length > 0);
  return (name) => {
    const text = fold(textOfName(name));
    const characters = beyondAscii.test(name) ? [...text] : text;
    return parts.some((part) => isLike(characters, part));
  };
}

function isLike(text: ArrayLike<string>, pattern: ArrayLike<string>): boolean {
  let at = 0;
  let in_ = 0;
  let star = -1;
  let retry = 0;
  while (at < text.length) {
    if (in_ < pattern.length && (pattern[in_] === '?' || pattern[in_] === text[at]) && pattern[in_] !== '*') {
      at += 1;
      in_ += 1;
    } else if (pattern[in_] === '*') {
      star = in_;
      in_ += 1;
      retry = at;
    } else if (star >= 0) {
      // The star takes one character more.
      in_ = star + 1;
      retry += 1;
      at = retry;
    } else return false;
  }
  while (pattern[in_] === '*') in_ += 1;
  return in_ === pattern.length;
}
