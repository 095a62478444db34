/**
 * The connect screen as one value: saved servers, visited ones and suggestions, a line to type or paste into, and the two
 * questions about a server's identity. (state, what happened) → (state, what is wanted done). Pure; UI thread.
 *
 * Text goes into the line wherever the screen is, so that a pasted invite is never taken for keys.
 */

import { Code, codeName, type Shown, show, trusted, type WireError } from '@ferry/protocol';
import type { Fingerprint } from '@ferry/protocol/session';
import { type Hidden, isAccepted, mostMistakes } from '../engine/first-contact.ts';
import type { Reach } from '../engine/reach.ts';
import type { ConnectAction } from '../keymap/connect-keys.ts';
import { connectTexts, contactTexts, passwordTexts, saveTexts } from './connect-texts.ts';
import { edited, type Field, field, typedInto } from './edit-line.ts';
import type { Size } from './layout.ts';

export type ServerRow = {
  readonly from: 'saved' | 'recent' | 'ssh';
  readonly name: string;
  readonly address: string;
  readonly lastMs: number | undefined;
  readonly reach: Reach;
};

export type ConnectDialog =
  /** Two fields: name, address. */
  | {
      readonly kind: 'save';
      readonly fields: readonly [Field, Field];
      readonly field: 0 | 1;
      readonly error: Shown | undefined;
    }
  | { readonly kind: 'remove'; readonly row: ServerRow }
  /** Two fields: account, password. */
  | {
      readonly kind: 'password';
      readonly where: Shown;
      readonly attempt: number;
      readonly fields: readonly [Field, Field];
      readonly field: 0 | 1;
      readonly error: Shown | undefined;
    }
  | {
      readonly kind: 'first-contact';
      readonly where: Shown;
      readonly fingerprint: Fingerprint;
      /** Two of its groups, which are not shown, in order. */
      readonly hidden: Hidden;
      readonly line: Field;
      readonly mistakes: number;
    }
  /** Its identity is another: there is no way on from here. */
  | { readonly kind: 'stop'; readonly lines: readonly Shown[] }
  /** All keys. */
  | { readonly kind: 'help' };

export type ConnectState = {
  readonly size: Size;
  readonly rows: readonly ServerRow[];
  readonly line: Field;
  /** A row of those that match the line. */
  readonly cursor: number;
  readonly dialog: ConnectDialog | undefined;
  /** What is being connected now, by its address. */
  readonly connecting: string | undefined;
  readonly notice: { readonly text: Shown; readonly isError: boolean } | undefined;
};

export type ConnectMsg =
  | { readonly kind: 'action'; readonly action: ConnectAction }
  | { readonly kind: 'typed'; readonly text: string }
  | { readonly kind: 'resized'; readonly size: Size }
  | { readonly kind: 'rows'; readonly rows: readonly ServerRow[] }
  | { readonly kind: 'reach'; readonly address: string; readonly reach: Reach }
  | {
      readonly kind: 'asked';
      readonly where: string;
      readonly fingerprint: Fingerprint;
      readonly hidden: Hidden;
    }
  | {
      readonly kind: 'ask-password';
      readonly where: string;
      /** undefined: none was named. */
      readonly user: string | undefined;
      /** From 1. */
      readonly attempt: number;
    }
  | { readonly kind: 'failed'; readonly error: WireError };

export type ConnectCmd =
  | { readonly kind: 'connect'; readonly address: string }
  /** Ends what `connect` has begun. */
  | { readonly kind: 'give-up' }
  | { readonly kind: 'answer'; readonly isTrusted: boolean }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'save'; readonly name: string; readonly address: string }
  | { readonly kind: 'remove'; readonly address: string }
  | { readonly kind: 'look' }
  | { readonly kind: 'quit' };

export type ConnectNext = readonly [ConnectState, readonly ConnectCmd[]];

const nothing: Field = field(trusted(''), '');

export function connectState(size: Size, rows: readonly ServerRow[]): ConnectState {
  return {
    size,
    rows,
    line: nothing,
    cursor: 0,
    dialog: undefined,
    connecting: undefined,
    notice: undefined,
  };
}

/** Rows that hold what is typed; all of them while an address is typed. */
export function matchingRows({ rows, line }: ConnectState): readonly ServerRow[] {
  const text = line.text.trim().toLowerCase();
  if (text === '' || text.startsWith('ferry:')) return rows;
  return rows.filter(({ name, address }) => `${name} ${address}`.toLowerCase().includes(text));
}

export function updateConnect(state: ConnectState, msg: ConnectMsg): ConnectNext {
  switch (msg.kind) {
    case 'typed':
      return [typed(state, msg.text), []];
    case 'action':
      return acted({ ...state, notice: undefined }, msg.action);
    case 'resized':
      return [{ ...state, size: msg.size }, []];
    case 'rows': {
      const reached = new Map(state.rows.map(({ address, reach }) => [address, reach]));
      const rows = msg.rows.map((row) => ({ ...row, reach: reached.get(row.address) ?? row.reach }));
      return [within({ ...state, rows }), []];
    }
    case 'reach': {
      const rows = state.rows.map((row) =>
        row.address === msg.address ? { ...row, reach: msg.reach } : row,
      );
      return [{ ...state, rows }, []];
    }
    case 'asked': {
      const { fingerprint, hidden } = msg;
      const dialog = {
        kind: 'first-contact',
        where: show(msg.where),
        fingerprint,
        hidden,
        line: nothing,
        mistakes: 0,
      } as const;
      return [{ ...state, dialog }, []];
    }
    case 'ask-password': {
      const { where, user = '', attempt } = msg;
      const fields = [
        field(passwordTexts.account, user),
        { ...field(passwordTexts.password, ''), secret: true } as const,
      ] as const;
      const error = attempt > 1 ? passwordTexts.wrong : undefined;
      const at = user === '' ? 0 : 1;
      return [
        { ...state, dialog: { kind: 'password', where: show(where), attempt, fields, field: at, error } },
        [],
      ];
    }
    case 'failed':
      return [failed(state, msg.error), []];
  }
}

function failed(state: ConnectState, [code, message]: WireError): ConnectState {
  const idle = { ...state, connecting: undefined };
  if (code === Code.PIN_MISMATCH) {
    return { ...idle, dialog: { kind: 'stop', lines: message.split('\n').map(asSentence) } };
  }
  if (code === Code.CANCELLED || code === Code.PIN_UNKNOWN) return idle;
  return { ...idle, notice: { text: show(`${message} [${codeName(code)}]`), isError: true } };
}

/** Errors begin small, as they go on after a colon elsewhere. */
function asSentence(line: string): Shown {
  return show(line.charAt(0).toUpperCase() + line.slice(1));
}

function typed(state: ConnectState, text: string): ConnectState {
  const { dialog } = state;
  switch (dialog?.kind) {
    case undefined:
      return state.connecting === undefined
        ? within({ ...state, notice: undefined, line: typedInto(state.line, text) })
        : state;
    case 'save':
    case 'password':
      return { ...state, dialog: withLine(dialog, typedInto(dialog.fields[dialog.field], text)) };
    case 'first-contact':
      return { ...state, dialog: { ...dialog, line: typedInto(dialog.line, text) } };
    case 'remove':
    case 'stop':
    case 'help':
      return state;
  }
}

function withLine(dialog: ConnectDialog & { kind: 'save' | 'password' }, line: Field): ConnectDialog {
  const [name, address] = dialog.fields;
  const fields = dialog.field === 0 ? ([line, address] as const) : ([name, line] as const);
  return { ...dialog, fields, error: undefined };
}

function within(state: ConnectState): ConnectState {
  const last = Math.max(0, matchingRows(state).length - 1);
  return { ...state, cursor: Math.min(Math.max(0, state.cursor), last) };
}

function acted(state: ConnectState, action: ConnectAction): ConnectNext {
  const { dialog } = state;
  switch (dialog?.kind) {
    case undefined:
      return state.connecting === undefined ? inList(state, action) : whileConnecting(state, action);
    case 'save':
      return inSave(state, dialog, action);
    case 'password':
      return inPassword(state, dialog, action);
    case 'remove':
      if (action === 'remove')
        return [{ ...state, dialog: undefined }, [{ kind: 'remove', address: dialog.row.address }]];
      return [action === 'no' || action === 'quit' ? { ...state, dialog: undefined } : state, []];
    case 'first-contact':
      return inFirstContact(state, dialog, action);
    case 'stop':
    case 'help':
      return [action === 'no' || action === 'quit' ? { ...state, dialog: undefined } : state, []];
  }
}

function whileConnecting(state: ConnectState, action: ConnectAction): ConnectNext {
  if (action === 'quit') return [state, [{ kind: 'give-up' }, { kind: 'quit' }]];
  return action === 'no' ? [{ ...state, connecting: undefined }, [{ kind: 'give-up' }]] : [state, []];
}

const page = 10;

function inList(state: ConnectState, action: ConnectAction): ConnectNext {
  const rows = matchingRows(state);
  const row = rows[state.cursor];
  const at = (cursor: number): ConnectNext => [within({ ...state, cursor }), []];
  switch (action) {
    case 'up':
      return at(state.cursor - 1);
    case 'down':
      return at(state.cursor + 1);
    case 'page-up':
      return at(state.cursor - page);
    case 'page-down':
      return at(state.cursor + page);
    case 'accept':
      return connect(state, row);
    case 'save':
      return [save(state, row), []];
    case 'remove':
      if (row === undefined || row.from === 'ssh') return [said(state, connectTexts.nothingToRemove), []];
      return [{ ...state, dialog: { kind: 'remove', row } }, []];
    case 'help':
      return [{ ...state, dialog: { kind: 'help' } }, []];
    case 'look':
      return [state, [{ kind: 'look' }]];
    case 'no':
      return state.line.text === '' ? [state, [{ kind: 'quit' }]] : [within({ ...state, line: nothing }), []];
    case 'quit':
      return [state, [{ kind: 'quit' }]];
    default:
      return [within({ ...state, line: withEdit(state.line, action) }), []];
  }
}

/** What was typed or pasted, where it is an address; else the row; else what was typed, as the name of a host. */
function connect(state: ConnectState, row: ServerRow | undefined): ConnectNext {
  const text = state.line.text.trim();
  const pasted = /ferry:\/\/[^\s'"]+/.exec(text)?.[0];
  const address = pasted ?? row?.address ?? (text === '' ? undefined : `ferry://${text}`);
  if (address === undefined) return [said(state, connectTexts.typeOne), []];
  return [{ ...state, connecting: address }, [{ kind: 'connect', address }]];
}

function save(state: ConnectState, row: ServerRow | undefined): ConnectState {
  const text = state.line.text.trim();
  const address = text === '' ? (row?.address ?? 'ferry://') : text;
  const name = text === '' ? (row?.name ?? '') : '';
  const fields = [field(saveTexts.name, name), field(saveTexts.address, address)] as const;
  return { ...state, dialog: { kind: 'save', fields, field: 0, error: undefined } };
}

function inSave(
  state: ConnectState,
  dialog: ConnectDialog & { kind: 'save' },
  action: ConnectAction,
): ConnectNext {
  const [name, address] = dialog.fields;
  switch (action) {
    case 'no':
    case 'quit':
      return [{ ...state, dialog: undefined }, []];
    case 'up':
    case 'down':
      return [{ ...state, dialog: { ...dialog, field: dialog.field === 0 ? 1 : 0 } }, []];
    case 'accept': {
      const wrong = wrongWith(name.text.trim(), address.text.trim());
      if (wrong !== undefined) {
        return [{ ...state, dialog: { ...dialog, field: wrong.field, error: wrong.why } }, []];
      }
      return [
        { ...state, dialog: undefined, line: nothing },
        [{ kind: 'save', name: name.text.trim(), address: address.text.trim() }],
      ];
    }
    default:
      return [{ ...state, dialog: withLine(dialog, withEdit(dialog.fields[dialog.field], action)) }, []];
  }
}

function inPassword(
  state: ConnectState,
  dialog: ConnectDialog & { kind: 'password' },
  action: ConnectAction,
): ConnectNext {
  const [name, secret] = dialog.fields;
  const closed = { ...state, dialog: undefined };
  switch (action) {
    case 'no':
    case 'quit':
      return [{ ...closed, connecting: undefined }, [{ kind: 'give-up' }]];
    case 'up':
    case 'down':
      return [{ ...state, dialog: { ...dialog, field: dialog.field === 0 ? 1 : 0 } }, []];
    case 'accept': {
      const user = name.text.trim();
      if (user === '')
        return [{ ...state, dialog: { ...dialog, field: 0, error: passwordTexts.noAccount } }, []];
      // From the account one goes on to the password.
      if (secret.text === '') return [{ ...state, dialog: { ...dialog, field: 1 } }, []];
      return [closed, [{ kind: 'password', user, password: secret.text }]];
    }
    default:
      return [{ ...state, dialog: withLine(dialog, withEdit(dialog.fields[dialog.field], action)) }, []];
  }
}

function wrongWith(name: string, address: string): { field: 0 | 1; why: Shown } | undefined {
  if (name === '') return { field: 0, why: saveTexts.noName };
  if (address.includes('#')) return { field: 1, why: saveTexts.noInvite };
  if (!/^ferry:\/\/[^/\s]+/.test(address)) return { field: 1, why: saveTexts.noAddress };
  return undefined;
}

/** Only what is typed counts: no key that one presses without reading accepts a server. */
function inFirstContact(
  state: ConnectState,
  dialog: ConnectDialog & { kind: 'first-contact' },
  action: ConnectAction,
): ConnectNext {
  const closed = { ...state, dialog: undefined };
  switch (action) {
    case 'no':
    case 'quit':
      return [{ ...closed, connecting: undefined }, [{ kind: 'answer', isTrusted: false }]];
    case 'accept': {
      const text = dialog.line.text.trim();
      if (text === '') return [state, []];
      if (isAccepted(text, dialog.fingerprint, dialog.hidden)) {
        return [closed, [{ kind: 'answer', isTrusted: true }]];
      }
      const mistakes = dialog.mistakes + 1;
      if (mistakes < mostMistakes) return [{ ...state, dialog: { ...dialog, mistakes, line: nothing } }, []];
      const notice = { text: contactTexts.notIt, isError: true };
      return [{ ...closed, connecting: undefined, notice }, [{ kind: 'answer', isTrusted: false }]];
    }
    default:
      return [{ ...state, dialog: { ...dialog, line: withEdit(dialog.line, action) } }, []];
  }
}

function withEdit(line: Field, action: ConnectAction): Field {
  return action === 'save' || action === 'remove' || action === 'look' ? line : edited(line, action);
}

function said(state: ConnectState, text: Shown): ConnectState {
  return { ...state, notice: { text, isError: false } };
}
