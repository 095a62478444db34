/** What a key, a look at the server or an answer does to the screen. Pure; used by the screen. */

import { Code, FerryError, limits, type Shown, show, trusted } from '@ferry/protocol';
import { parseRate } from '../access/settings.ts';
import { oneOf, wholeOf } from '../whole-status.ts';
import { looksForRates, sampleOf } from './sample.ts';
import {
  type Asked,
  chosenOf,
  historyLength,
  logLength,
  peopleOf,
  type ScreenCmd,
  type ScreenMsg,
  type ScreenState,
  sorts,
} from './state.ts';

type Next = readonly [ScreenState, readonly ScreenCmd[]];

export function update(state: ScreenState, msg: ScreenMsg): Next {
  switch (msg.kind) {
    case 'key':
      return state.asked === undefined ? pressed(state, msg.key) : answered(state, state.asked, msg);
    case 'size':
      return [{ ...state, size: msg.size }, []];
    case 'status':
      return [looked({ ...state, told: msg.status }, msg.nowMs), []];
    case 'log':
      return [{ ...state, log: [...state.log, ...msg.lines].slice(-logLength) }, []];
    case 'server': {
      const { servers, which } = msg;
      const fresh = { ...unseen, told: undefined, focus: undefined, log: [] };
      return [{ ...state, ...fresh, servers, which, chosen: undefined, asked: undefined, isLost: false }, []];
    }
    case 'lost':
      return [{ ...state, isLost: true, asked: undefined }, []];
    case 'said':
      return [{ ...state, notice: msg.notice }, []];
  }
}

/** Nothing of a server has been shown yet. */
const unseen = {
  status: undefined,
  sample: undefined,
  looks: [],
  history: { down: [], up: [] },
} as const;

function looked(before: ScreenState, nowMs: number): ScreenState {
  const { told, focus } = before;
  if (told === undefined) return before;
  const status = focus === undefined ? wholeOf(told) : oneOf(told, focus);
  if (status === undefined) {
    const notice = { text: trusted('that server does not answer: these are all'), isError: true };
    return looked({ ...before, ...unseen, focus: undefined, notice }, nowMs);
  }
  const state = before.status?.id === status.id ? before : { ...before, ...unseen };
  // The first other server changes how everything is counted.
  const isSame = (state.status?.servers.length ?? 1) > 1 === status.servers.length > 1;
  const looks = isSame ? state.looks : [];
  const sample = sampleOf(status, nowMs, looks);
  const added = (all: readonly number[], rate: number): readonly number[] =>
    state.status === undefined ? all : [...all, rate].slice(-historyLength);
  return {
    ...state,
    status,
    sample,
    looks: [...looks, { status, sample, ms: nowMs }].slice(-looksForRates),
    history: {
      down: added(state.history.down, sample.downRate),
      up: added(state.history.up, sample.upRate),
    },
    isLost: false,
  };
}

/** All together, then each that answers, then the next one of this user. */
function nextServer(state: ScreenState): Next {
  const { told, focus } = state;
  const all = told === undefined ? [] : wholeOf(told).servers.filter(({ status }) => status !== undefined);
  const ids = all.length > 1 ? all.map(({ id }) => id) : [];
  const next = ids[focus === undefined ? 0 : ids.indexOf(focus) + 1];
  if (next === undefined && state.servers > 1) return [state, [{ kind: 'next-server' }]];
  if (next === focus) return [state, []];
  const nowMs = state.looks.at(-1)?.ms ?? 0;
  return [looked({ ...state, ...unseen, focus: next, chosen: undefined }, nowMs), []];
}

/** Keys while nothing is asked. */
function pressed(before: ScreenState, key: string): Next {
  const state = { ...before, notice: undefined };
  const person = chosenOf(state);
  const ask = (asked: Asked): Next => [{ ...state, asked }, []];
  switch (key) {
    case 'q':
    case 'f10':
      return [state, [{ kind: 'quit', end: false }]];
    case 'C-c':
      return [state, [{ kind: 'quit', end: true }]];
    case 'up':
      return [moved(state, -1), []];
    case 'down':
      return [moved(state, 1), []];
    case 'pageup':
      return [moved(state, -10), []];
    case 'pagedown':
      return [moved(state, 10), []];
    case 'home':
      return [moved(state, -Infinity), []];
    case 'end':
      return [moved(state, Infinity), []];
    case 's':
      return [{ ...state, sort: sorts[(sorts.indexOf(state.sort) + 1) % sorts.length] ?? 'since' }, []];
    case 'tab':
      return nextServer(state);
    default:
  }
  if (!'kKtTm'.includes(key) || key === '') return [state, []];
  if (state.isLost) return [complaint(state, trusted('the server has gone')), []];
  if (person === undefined) return [complaint(state, trusted('nobody is connected')), []];
  if (key === 'm') return ask({ what: 'tell', of: person, text: '' });
  const whole = key === key.toUpperCase();
  if (key.toLowerCase() === 'k') return ask({ what: 'kick', whole, of: person });
  return ask({ what: 'limit', whole, of: person, text: '' });
}

function moved(state: ScreenState, by: number): ScreenState {
  const people = peopleOf(state);
  const at = people.findIndex(({ sessionId }) => sessionId === chosenOf(state)?.sessionId);
  const next = Math.min(people.length - 1, Math.max(0, at + by));
  return { ...state, chosen: people[next]?.sessionId };
}

/** Keys while something is asked. */
function answered(state: ScreenState, asked: Asked, { key, text }: ScreenMsg & { kind: 'key' }): Next {
  const done = { ...state, asked: undefined };
  if (key === 'escape' || key === 'C-c') return [done, []];
  if (asked.what === 'kick') return key === 'y' || key === 'Y' ? [done, [kick(asked)]] : [done, []];
  if (key === 'enter') return entered(done, asked);
  const typed = typedInto(asked.text, key, text);
  return [{ ...state, notice: undefined, asked: { ...asked, text: typed } }, []];
}

function typedInto(before: string, key: string, text: string | undefined): string {
  if (key === 'backspace') return [...before].slice(0, -1).join('');
  if (key === 'C-u') return '';
  if (key === 'C-w') return before.replace(/\S*\s*$/u, '');
  const after = before + (text ?? '');
  return Buffer.byteLength(after) > limits.textBytes ? before : after;
}

function kick({ whole, of }: Asked & { what: 'kick' }): ScreenCmd {
  if (whole) {
    return {
      kind: 'order',
      order: { do: 'kick-account', user: of.user },
      done: trusted(`the connections of ${show(of.user)} are closed; they may come back`),
    };
  }
  return {
    kind: 'order',
    order: { do: 'kick', session: of.sessionId },
    done: trusted(`${show(of.user)} from ${show(of.source)} is out; they may come back`),
  };
}

function entered(state: ScreenState, asked: Exclude<Asked, { what: 'kick' }>): Next {
  const { of } = asked;
  const text = asked.text.trim();
  if (text === '') return [state, []];
  if (asked.what === 'tell') {
    const order = { do: 'tell', session: of.sessionId, text } as const;
    return [state, [{ kind: 'order', order, done: trusted(`${show(of.user)} was told`) }]];
  }
  try {
    const rates = parseRates(text);
    if (asked.whole) {
      const order = { do: 'limit-account', user: of.user, rates } as const;
      const done = trusted(`the limit of ${show(of.user)} holds now, and after a restart`);
      return [state, [{ kind: 'order', order, done }]];
    }
    const order = { do: 'throttle', session: of.sessionId, rates } as const;
    const done = trusted(`the limit of ${show(of.user)} from ${show(of.source)} holds now`);
    return [state, [{ kind: 'order', order, done }]];
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return [complaint({ ...state, asked }, show(error.message)), []];
  }
}

/** `5M`: both ways; `5M 1M`: down and up; `none`. @throws {FerryError} USAGE */
export function parseRates(text: string): {
  readonly down: number | undefined;
  readonly up: number | undefined;
} {
  const [down = '', up = down, ...more] = text.split(/\s+/);
  if (more.length > 0) throw new FerryError(Code.USAGE, 'one rate for both ways, or two: down and up');
  const rate = (word: string): number | undefined =>
    word === 'none' ? undefined : parseRate('a limit', word);
  return { down: rate(down), up: rate(up) };
}

function complaint(state: ScreenState, text: Shown): ScreenState {
  return { ...state, notice: { text, isError: true } };
}
