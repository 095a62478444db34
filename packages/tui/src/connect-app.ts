/**
 * The connect screen's loop: key → message → update → what is wanted done. It ends with a server that may be trusted, or with
 * nothing. UI thread, before there is an engine: looking at servers and settling trust is all that waits.
 */

import { asFerryError, Code, FerryError, toWireError } from '@ferry/protocol';
import type { Fingerprint } from '@ferry/protocol/session';
import type { Typed } from './client/enter.ts';
import { RememberedFile } from './effects/remembered-file.ts';
import { hiddenGroups } from './engine/first-contact.ts';
import type { Reach } from './engine/reach.ts';
import { connectActionOf } from './keymap/connect-keys.ts';
import {
  type ConnectCmd,
  type ConnectMsg,
  connectState,
  type ServerRow,
  updateConnect,
} from './state/connect.ts';
import { ConnectView } from './view/connect-view.ts';
import { FrameTimer } from './view/frame.ts';
import type { Look } from './view/rows/style.ts';
import { lookFor } from './view/rows/themes.ts';
import { checkTerminal, Terminal, type TerminalStreams } from './view/terminal.ts';

/** What may have to be asked before one is connected. */
export type Asks = {
  readonly trust: (where: string, fingerprint: Fingerprint) => Promise<boolean>;
  /** Rejects with CANCELLED when the user leaves it. */
  readonly password: (where: string, user: string | undefined, attempt: number) => Promise<Typed>;
};

/** Where servers come from, and how one is settled on. */
export type Choices<T> = {
  /** All that are to be offered. @throws {FerryError} CONFIG */
  readonly rows: () => readonly ServerRow[];
  readonly reach: (address: string, signal: AbortSignal) => Promise<Reach>;
  /** Settles who is trusted there, and makes this device known. @throws {FerryError} why nothing can be connected */
  readonly connect: (address: string, ask: Asks, signal: AbortSignal) => Promise<T>;
  /** @throws {FerryError} */
  readonly save: (name: string, address: string) => void;
  /** @throws {FerryError} CONFIG */
  readonly remove: (address: string) => void;
  /** Whole numbers from 0 up to below the argument. */
  readonly random: (below: number) => number;
};

export type ChooseOpts<T> = Choices<T> & {
  /** What the browser remembers: its theme. */
  readonly rememberedFile: string;
  readonly streams?: TerminalStreams;
  readonly env?: NodeJS.ProcessEnv;
};

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
/** Looked at together; each waits for a line that may be dead. */
const looksAtOnce = 6;
const lookMs = 5000;

/** Resolves with what `connect` gave, or undefined when the user left; the terminal is as before then. @throws {FerryError} USAGE */
export async function chooseServer<T>(opts: ChooseOpts<T>): Promise<T | undefined> {
  const { streams = { input: process.stdin, output: process.stdout }, env = process.env } = opts;
  checkTerminal(streams, env);
  const look = lookFor(env, new RememberedFile(opts.rememberedFile).read().theme);
  const terminal = new Terminal(streams, env, look);
  try {
    return await chooseOn(terminal, look, opts);
  } finally {
    terminal.leave();
  }
}

/** The same on a terminal that is there already, over what it shows; keys and mouse come here until it is over. */
export async function chooseOn<T>(terminal: Terminal, look: Look, opts: Choices<T>): Promise<T | undefined> {
  const over = new AbortController();
  let close = (): void => {};
  try {
    return await new Promise<T | undefined>((resolve) => {
      const view = new ConnectView(terminal, look);
      let state = connectState(terminal.size, []);
      const frames = new FrameTimer(() => view.draw(state, Date.now()));
      let connecting = new AbortController();
      let answer: (isTrusted: boolean) => void = () => {};
      let typed: (typed: Typed) => void = () => {};

      function post(msg: ConnectMsg): void {
        if (over.signal.aborted) return;
        const [next, cmds] = updateConnect(state, msg);
        state = next;
        frames.want('key', performance.now());
        for (const cmd of cmds) run(cmd);
      }

      /** What goes wrong is said on the screen. */
      function trying(work: () => void): void {
        try {
          work();
        } catch (error) {
          post({ kind: 'failed', error: toWireError(expected(error)) });
        }
      }

      function reload(): void {
        trying(() => post({ kind: 'rows', rows: opts.rows() }));
      }

      async function lookAt(addresses: readonly string[]): Promise<void> {
        const next = addresses.values();
        const work = async (): Promise<void> => {
          for (const address of next) {
            post({ kind: 'reach', address, reach: { kind: 'looking' } });
            const signal = AbortSignal.any([over.signal, AbortSignal.timeout(lookMs)]);
            post({ kind: 'reach', address, reach: await opts.reach(address, signal) });
          }
        };
        await Promise.all(Array.from({ length: looksAtOnce }, work));
      }

      function lookAtAll(): void {
        const mine = state.rows.filter(({ from }) => from !== 'ssh').map(({ address }) => address);
        void lookAt(mine);
      }

      async function connect(address: string): Promise<void> {
        connecting = new AbortController();
        const { signal } = connecting;
        const trust: Asks['trust'] = (where, fingerprint) =>
          new Promise((settle) => {
            answer = settle;
            signal.addEventListener('abort', () => settle(false), { once: true });
            post({ kind: 'asked', where, fingerprint, hidden: hiddenGroups(fingerprint, opts.random) });
          });
        const password: Asks['password'] = (where, user, attempt) =>
          new Promise((settle, reject) => {
            typed = settle;
            const leave = (): void => reject(new FerryError(Code.CANCELLED, 'cancelled'));
            AbortSignal.any([signal, over.signal]).addEventListener('abort', leave, { once: true });
            post({ kind: 'ask-password', where, user, attempt });
          });
        try {
          const target = await opts.connect(
            address,
            { trust, password },
            AbortSignal.any([signal, over.signal]),
          );
          if (!signal.aborted) resolve(target);
        } catch (error) {
          if (!signal.aborted) post({ kind: 'failed', error: toWireError(expected(error)) });
        }
      }

      function run(cmd: ConnectCmd): void {
        switch (cmd.kind) {
          case 'connect':
            void connect(cmd.address);
            break;
          case 'give-up':
            connecting.abort();
            break;
          case 'password':
            typed({ user: cmd.user, password: cmd.password });
            break;
          case 'answer':
            answer(cmd.isTrusted);
            break;
          case 'save':
            trying(() => opts.save(cmd.name, cmd.address));
            reload();
            void lookAt([cmd.address]);
            break;
          case 'remove':
            trying(() => opts.remove(cmd.address));
            reload();
            break;
          case 'look':
            lookAtAll();
            break;
          case 'quit':
            resolve(undefined);
            break;
        }
      }

      const giveBack = terminal.input.lend((event) => {
        if (event.kind === 'mouse') return;
        const action = event.kind === 'key' ? connectActionOf(event.key) : undefined;
        if (action !== undefined) post({ kind: 'action', action });
        else if (event.text !== undefined) post({ kind: 'typed', text: event.text });
      });
      const onResize = (): void => post({ kind: 'resized', size: terminal.size });
      const onSignal = (): void => resolve(undefined);
      terminal.screen.on('resize', onResize);
      for (const signal of signals) process.on(signal, onSignal);
      close = () => {
        giveBack();
        frames.stop();
        terminal.screen.removeListener('resize', onResize);
        for (const signal of signals) process.off(signal, onSignal);
        if (!terminal.hasLeft) view.close();
      };
      reload();
      lookAtAll();
    });
  } finally {
    over.abort();
    close();
  }
}

/** A bug is none of the things that are said on the screen. */
function expected(error: unknown): FerryError {
  return asFerryError(error, (bug) => {
    throw bug;
  });
}
