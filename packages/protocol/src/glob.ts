/** Patterns for names: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before any of them to mean it. Pure; both ends. */

type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'char'; readonly char: string }
  | {
      readonly kind: 'set';
      readonly isNot: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    };

export type Glob = (name: string) => boolean;

/**
 * A test for whole names, given as text. `anyCase`: `A` and `a` are one. No pattern is illegal: a `[` without its end means
 * itself. Takes pattern times name steps at most, whatever the pattern is.
 */
export function glob(pattern: string, anyCase = false): Glob {
  const fold = (text: string): string => (anyCase ? text.toLowerCase() : text);
  const tokens = parse([...fold(pattern)]);
  return (name) => matches(tokens, [...fold(name)]);
}

/** Whether a text has anything that a pattern gives a meaning to. */
export function isGlob(text: string): boolean {
  return /[*?[\\]/.test(text);
}

function parse(chars: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < chars.length; ) {
    const char = chars[at] ?? '';
    const set = char === '[' ? parseSet(chars, at) : undefined;
    if (set !== undefined) {
      tokens.push(set.token);
      at = set.next;
    } else if (char === '\\' && at + 1 < chars.length) {
      tokens.push({ kind: 'char', char: chars[at + 1] ?? '' });
      at += 2;
    } else {
      // Two stars in a row say no more than one.
      if (char !== '*' || tokens.at(-1)?.kind !== 'star') tokens.push(tokenOf(char));
      at += 1;
    }
  }
  return tokens;
}

function tokenOf(char: string): Token {
  if (char === '*') return { kind: 'star' };
  return char === '?' ? { kind: 'any' } : { kind: 'char', char };
}

function parseSet(chars: readonly string[], open: number): { token: Token; next: number } | undefined {
  const isNot = chars[open + 1] === '!' || chars[open + 1] === '^';
  const first = open + (isNot ? 2 : 1);
  // A `]` right at the beginning is one of the set.
  const close = chars.indexOf(']', first + 1);
  if (close < 0) return undefined;
  const ranges: (readonly [string, string])[] = [];
  for (let at = first; at < close; at++) {
    const from = chars[at] ?? '';
    if (chars[at + 1] === '-' && at + 2 < close) {
      ranges.push([from, chars[at + 2] ?? '']);
      at += 2;
    } else ranges.push([from, from]);
  }
  return { token: { kind: 'set', isNot, ranges }, next: close + 1 };
}

/** Goes back to the last star only: what an earlier one took can never help more. */
function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let char = 0;
  let star = -1;
  let taken = 0;
  while (char < name.length) {
    const now = tokens[token];
    if (now?.kind === 'star') {
      star = token;
      taken = char;
      token += 1;
    } else if (now !== undefined && fits(now, name[char] ?? '')) {
      token += 1;
      char += 1;
    } else if (star >= 0) {
      taken += 1;
      char = taken;
      token = star + 1;
    } else return false;
  }
  while (tokens[token]?.kind === 'star') token += 1;
  return token === tokens.length;
}

function fits(token: Token, char: string): boolean {
  if (token.kind === 'char') return token.char === char;
  if (token.kind === 'set')
    return token.ranges.some(([low, high]) => char >= low && char <= high) !== token.isNot;
  return true;
}
