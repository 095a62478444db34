/**
 * What a terminal sends, taken apart: keys with the names that the keymap uses, the mouse, pasted text. Knows no stream and no
 * clock; view/terminal feeds it. blessed's own decoder drops Alt with a sign, splits emoji, and believes that a sequence
 * never comes in two pieces. UI thread.
 */

export type InputEvent =
  | {
      readonly kind: 'key';
      /** `up`, `f5`, `C-r`, `S-tab`, or the character itself. */
      readonly key: string;
      /** The character it types; undefined for keys that type none. */
      readonly text: string | undefined;
    }
  | { readonly kind: 'mouse'; readonly what: MouseWhat; readonly x: number; readonly y: number }
  | TerminalAnswer
  /** Without control characters; lines are joined by blanks. */
  | { readonly kind: 'paste'; readonly text: string };

/** What the terminal says of itself, as it was asked. */
export type TerminalAnswer =
  | { readonly kind: 'name'; readonly text: string }
  /** Numbers of what it can do (DA1); 4: it draws sixels. */
  | { readonly kind: 'features'; readonly numbers: readonly number[] }
  /** In pixels. */
  | { readonly kind: 'cell-size'; readonly width: number; readonly height: number };

/** What a user does. */
export type UserEvent = Exclude<InputEvent, TerminalAnswer>;

export function isAnswer(event: InputEvent): event is TerminalAnswer {
  return event.kind === 'name' || event.kind === 'features' || event.kind === 'cell-size';
}

/** Where is counted from 0, top left. */
export type MouseWhat = 'press' | 'right-press' | 'drag' | 'release' | 'wheel-up' | 'wheel-down';

/** A sequence longer than this is none. */
const sequenceCharacters = 64;
/** And a longer name of a terminal is none. */
const nameCharacters = 256;
/** What is pasted beyond this is left out. */
export const pasteCharacters = 65_536;

const pasteEnd = '\x1b[201~';

const byLetter: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  E: 'clear',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
};

const byNumber: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};

/** Each takes the input from its start: an event and how much it took; `more` where it is not whole yet. */
type Taken =
  | { readonly event?: InputEvent | undefined; readonly length: number; readonly pastes?: boolean }
  | 'more';

export class InputDecoder {
  #waiting = '';
  #paste: string | undefined;

  /** Something has come that is not whole yet: after a short while without more, `flush` takes it as it is. */
  get isWaiting(): boolean {
    return this.#waiting !== '' && this.#paste === undefined;
  }

  push(chunk: string): InputEvent[] {
    // Alt comes in one piece with its key: what comes later was pressed later. Longer sequences may come apart.
    const isLater = this.isWaiting && isEscapes(this.#waiting) && !/^(?:[[O]|P>)/.test(chunk);
    const before = isLater ? this.#drain(true) : [];
    this.#waiting += chunk;
    return [...before, ...this.#drain(false)];
  }

  /** A lone Esc, above all. */
  flush(): InputEvent[] {
    return this.#paste === undefined ? this.#drain(true) : [];
  }

  #drain(isLast: boolean): InputEvent[] {
    const events: InputEvent[] = [];
    while (this.#waiting !== '') {
      const taken = this.#paste === undefined ? next(this.#waiting, isLast) : this.#pasted();
      if (taken === 'more') break;
      this.#waiting = this.#waiting.slice(taken.length);
      if (taken.pastes === true) this.#paste = '';
      if (taken.event !== undefined) events.push(taken.event);
    }
    return events;
  }

  #pasted(): Taken {
    const end = this.#waiting.indexOf(pasteEnd);
    // The beginning of the end mark may be what came last.
    const upTo = end >= 0 ? end : this.#waiting.length - (pasteEnd.length - 1);
    if (end < 0 && upTo <= 0) return 'more';
    const room = pasteCharacters - (this.#paste?.length ?? 0);
    const text = (this.#paste ?? '') + this.#waiting.slice(0, Math.min(upTo, room));
    if (end < 0) {
      this.#paste = text;
      return { length: upTo };
    }
    this.#paste = undefined;
    const clean = text.replaceAll(/\r\n?|\n|\t/g, ' ').replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '');
    return { event: { kind: 'paste', text: clean }, length: end + pasteEnd.length };
  }
}

function isEscapes(text: string): boolean {
  return text.replaceAll('\x1b', '') === '';
}

function key(name: string, text?: string): InputEvent {
  return { kind: 'key', key: name, text };
}

function next(input: string, isLast: boolean): Taken {
  if (input[0] === '\x1b') return escaped(input, isLast);
  const char = String.fromCodePoint(input.codePointAt(0) ?? 0);
  return { event: plain(char), length: char.length };
}

function plain(char: string): InputEvent | undefined {
  const point = char.codePointAt(0) ?? 0;
  if (char === ' ') return key('space', ' ');
  if (char === '\r' || char === '\n') return key('enter');
  if (char === '\t') return key('tab');
  if (char === '\x7f' || char === '\b') return key('backspace');
  if (char === '\x1b') return key('escape');
  if (point === 0) return key('C-space');
  if (point < 0x1b) return key(`C-${String.fromCharCode(point + 0x60)}`);
  if (point < 0x20) return key(`C-${String.fromCharCode(point + 0x40)}`);
  return /[\p{Cc}\p{Cf}\p{Cs}]/u.test(char) ? undefined : key(char, char);
}

function escaped(input: string, isLast: boolean): Taken {
  const kind = input[1];
  if (kind === undefined) return isLast ? { event: key('escape'), length: 1 } : 'more';
  // Some terminals send Alt as one more Esc; else the first one stands for itself.
  if (kind === '\x1b') {
    const rest = next(input.slice(1), isLast);
    if (rest === 'more') return 'more';
    const { event, length } = rest;
    const isSequence = event?.kind === 'key' && length > 1 && !event.key.includes('-');
    return isSequence
      ? { event: key(`M-${event.key}`), length: length + 1 }
      : { event: key('escape'), length: 1 };
  }
  if (kind === '[') return sequence(input, isLast);
  if (kind === 'P') {
    const answer = terminalName(input, isLast);
    if (answer !== undefined) return answer;
  }
  if (kind === 'O') {
    const letter = input[2];
    if (letter === undefined) return isLast ? { event: key('M-S-o'), length: 2 } : 'more';
    const name = byLetter[letter];
    return { event: name === undefined ? undefined : key(name), length: 3 };
  }
  const char = String.fromCodePoint(input.codePointAt(1) ?? 0);
  const base = plain(char);
  if (base?.kind !== 'key') return { length: 1 + char.length };
  const name = /^\p{Lu}$/u.test(base.key) ? `S-${base.key.toLowerCase()}` : base.key;
  const whole = name.startsWith('C-') ? `C-M-${name.slice(2)}` : `M-${name}`;
  return { event: key(whole), length: 1 + char.length };
}

/** `ESC P > | name ESC \\`; undefined for what is a key after all. */
function terminalName(input: string, isLast: boolean): Taken | undefined {
  const head = '\x1bP>|';
  const isBegun = input.startsWith(head) || head.startsWith(input);
  if (!isBegun) return undefined;
  const end = input.indexOf('\x1b\\', head.length);
  if (end >= 0) return { event: { kind: 'name', text: input.slice(head.length, end) }, length: end + 2 };
  // Once it has begun its letters are no keys, however late they come.
  if (input.startsWith(head)) return input.length < nameCharacters ? 'more' : { length: input.length };
  return isLast ? undefined : 'more';
}

function sequence(input: string, isLast: boolean): Taken {
  const rest = input.slice(2);
  // The Linux console's F1 … F5.
  const [, console] = /^\[([A-E])/.exec(rest) ?? [];
  if (console !== undefined) return { event: key(`f${'ABCDE'.indexOf(console) + 1}`), length: 4 };
  if (rest === '[' && !isLast) return 'more';
  const found = /^([0-?]*)[ -/]*([@-~^$])/.exec(rest);
  if (found === null) {
    // No key begins so: it is an answer, however late the rest of it comes.
    const isKey = !rest.startsWith('?');
    if (input.length < sequenceCharacters && !(isLast && isKey) && /^[0-?]*[ -/]*$/.test(rest)) return 'more';
    return rest === '' ? { event: key('M-['), length: 2 } : { length: 2 };
  }
  const [all, parameters = '', letter = ''] = found;
  const length = 2 + all.length;
  // The old way of the mouse, three bytes after it, is never asked for; they are not keys all the same.
  if (letter === 'M' && parameters === '')
    return input.length < length + 3 && !isLast ? 'more' : { length: length + 3 };
  if (parameters.startsWith('<')) return { event: mouse(parameters.slice(1), letter), length };
  if (letter === 'c' && parameters.startsWith('?')) return { event: features(parameters.slice(1)), length };
  if (letter === 't') return { event: cellSize(parameters), length };
  if (letter === '~' && parameters === '200') return { pastes: true, length };
  return { event: named(parameters, letter), length };
}

function named(parameters: string, letter: string): InputEvent | undefined {
  const [number = '', modifier = '1'] = parameters.split(';');
  if (letter === 'Z') return key('S-tab');
  const rxvt = { '^': 'C-', $: 'S-' }[letter];
  const isNumbered = letter === '~' || rxvt !== undefined;
  const name = isNumbered ? byNumber[number] : byLetter[letter];
  if (name === undefined) return undefined;
  const bits = (Number(modifier) || 1) - 1;
  const prefix = `${bits & 4 ? 'C-' : ''}${bits & 10 ? 'M-' : ''}${bits & 1 ? 'S-' : ''}`;
  return key(`${rxvt ?? prefix}${name}`);
}

function features(parameters: string): InputEvent {
  return { kind: 'features', numbers: parameters.split(';').map(Number).filter(Number.isSafeInteger) };
}

/** Cells of other sizes are none. */
const mostCellPixels = 200;

function cellSize(parameters: string): InputEvent | undefined {
  const [what, height = 0, width = 0] = parameters.split(';').map(Number);
  const isSize = [height, width].every(
    (side) => Number.isSafeInteger(side) && side > 0 && side <= mostCellPixels,
  );
  return what === 6 && isSize ? { kind: 'cell-size', width, height } : undefined;
}

function mouse(parameters: string, letter: string): InputEvent | undefined {
  const [button = 0, x = 1, y = 1] = parameters.split(';').map(Number);
  if (![button, x, y].every(Number.isSafeInteger)) return undefined;
  const what = mouseWhat(button, letter);
  return what === undefined ? undefined : { kind: 'mouse', what, x: x - 1, y: y - 1 };
}

function mouseWhat(button: number, letter: string): MouseWhat | undefined {
  if (button & 64) return button & 3 ? ((button & 3) === 1 ? 'wheel-down' : undefined) : 'wheel-up';
  if (letter === 'm') return 'release';
  if (button & 32) return (button & 3) === 0 ? 'drag' : undefined;
  return { 0: 'press' as const, 2: 'right-press' as const }[button & 3];
}
