/**
 * `ferry chat ADDRESS`: a room in lines. What stdin says is said there, what others say is printed; without a room, which rooms there
 * are. Uses a connection that comes back by itself: no lanes, no queue.
 */

import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';
import { asFerryError, Code, FerryError, fromWireError, pathFromText, show } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { askSecret } from '@ferry/protocol/terminal/ask-secret';
import { ChatClient } from '../client/chat.ts';
import { Connection } from '../client/connection.ts';
import { deviceKey } from '../client/device-key.ts';
import type { ChatLine, ChatNews } from '../engine/chat.ts';
import { noteWords } from '../engine/chat-words.ts';
import type { ConnectionStatus } from '../engine/engine.ts';
import { type ConnectOptions, connectTo, rememberServer, sayRenewed } from './connect.ts';
import { ExitCode } from './exit-code.ts';
import { outageWords } from './outage-words.ts';
import { jsonPath, toJsonLine } from './printer-json.ts';
import { shownPath } from './printer-text.ts';

export type ChatOptions = ConnectOptions & {
  readonly room?: string;
  readonly to?: string;
  readonly encrypted?: boolean;
  readonly attach?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
};

/** @throws {FerryError} as connectTo and Chat.join */
export async function chat(address: string, options: ChatOptions): Promise<ExitCode> {
  const { room, to, encrypted } = options;
  if (room !== undefined && to !== undefined) {
    throw new FerryError(Code.USAGE, 'either --room or --to: one of them');
  }
  if (encrypted === true && room === undefined)
    throw new FerryError(Code.USAGE, '--encrypted wants a --room');
  const target = await connectTo(address, options);
  const controller = new AbortController();
  const end = (why: FerryError): void => controller.abort(why);
  const interrupt = (): void => end(new FerryError(Code.CANCELLED, 'interrupted'));
  const passphrase = encrypted === true ? await passphraseOf(String(room)) : undefined;
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const { address: where, fingerprint, token, deviceKeyFile, knownServersFile, client } = target.engine;
  const outage = outageWords();
  const connection = new Connection({
    spec: {
      ...where,
      fingerprint,
      token,
      client,
      knownServersFile,
      device: deviceKey(deviceKeyFile, where.user),
      pool: new BlockPool(),
    },
    attempts: { first: 1, laterMs: Number.POSITIVE_INFINITY },
    onStatus: (status) => tellStatus(status, outage(status), options, end),
  });
  const paper = new Paper();
  const talking = new ChatClient(connection, (news) => tell(news, options, paper, end));
  try {
    await connection.session(controller.signal);
    sayRenewed(rememberServer(target));
    if (room === undefined && to === undefined) return await listRooms(talking, options, controller.signal);
    const ref = to === undefined ? `#${String(room).replace(/^#/, '')}` : `@${to.replace(/^@/, '')}`;
    await enter(talking, ref, passphrase, controller.signal);
    return await talk(talking, ref, options, paper, controller.signal);
  } catch (error) {
    // What ended it says more than that it was ended.
    throw asFerryError(controller.signal.aborted ? controller.signal.reason : error, (cause) => {
      throw cause;
    });
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    talking.close();
    connection.close();
  }
}

/** Where lines are printed: above the one that is being typed, where there is one. */
class Paper {
  #typing: Interface | undefined;

  /** What is typed from now on is a line of its own, with a prompt; its keys are those of readline. */
  typeOn(typing: Interface): void {
    this.#typing = typing;
    typing.prompt();
  }

  print(text: string): void {
    if (this.#typing === undefined || text === '') {
      process.stdout.write(text);
      return;
    }
    clearLine(process.stdout, 0);
    cursorTo(process.stdout, 0);
    process.stdout.write(text);
    this.#typing.prompt(true);
  }

  /** Nothing is typed any more. */
  close(): void {
    if (this.#typing !== undefined) process.stdout.write('\n');
    this.#typing = undefined;
  }
}

/** A new room gets the passphrase that was typed, so that is typed twice. */
async function enter(
  client: ChatClient,
  ref: string,
  passphrase: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const isTyped = passphrase !== undefined && process.env['FERRY_ROOM_PASSPHRASE'] === undefined;
  try {
    await client.join(ref, { passphrase, create: !isTyped, signal });
  } catch (error) {
    if (!isTyped || !(error instanceof FerryError) || error.code !== Code.NOT_FOUND) throw error;
    const again = await askSecret(`The room ${show(ref)} is new. Its passphrase once more: `);
    if (again !== passphrase) throw new FerryError(Code.USAGE, 'those are two different passphrases');
    await client.join(ref, { passphrase, create: true, signal });
  }
}

/** @throws {FerryError} USAGE */
async function passphraseOf(room: string): Promise<string> {
  const given = process.env['FERRY_ROOM_PASSPHRASE'];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY) {
    throw new FerryError(Code.USAGE, 'without a terminal the passphrase is taken from FERRY_ROOM_PASSPHRASE');
  }
  return await askSecret(`Passphrase of the room ${show(room)}: `);
}

async function listRooms(client: ChatClient, { json }: ChatOptions, signal: AbortSignal): Promise<ExitCode> {
  for (const { ref, sealed, lastMs } of await client.rooms({ signal })) {
    const last = new Date(lastMs).toISOString();
    const encrypted = sealed ? '  with a passphrase' : '';
    process.stdout.write(
      json === true
        ? toJsonLine({ event: 'room', room: ref, encrypted: sealed, last })
        : `${last.slice(0, 16).replace('T', ' ')}  ${show(ref)}${encrypted}\n`,
    );
  }
  return ExitCode.done;
}

/** One line after the other, each said before the next is read: nothing piles up here. */
async function talk(
  client: ChatClient,
  ref: string,
  options: ChatOptions,
  paper: Paper,
  signal: AbortSignal,
): Promise<ExitCode> {
  let attached = options.attach === undefined ? undefined : pathFromText(options.attach.replace(/^\/+/, ''));
  let failed = 0;
  const isTyped = process.stdin.isTTY && process.stdout.isTTY && options.json !== true;
  const lines = createInterface({
    input: process.stdin,
    crlfDelay: Number.POSITIVE_INFINITY,
    ...(isTyped && process.env['TERM'] !== 'dumb'
      ? { output: process.stdout, prompt: `${show(ref)}> `, historySize: 50 }
      : {}),
  });
  if (lines.terminal) paper.typeOn(lines);
  // In raw mode the terminal makes no signal of it.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const stop = (): void => lines.close();
  signal.addEventListener('abort', stop, { once: true });
  for await (const line of lines) {
    if (lines.terminal) lines.prompt();
    const text = line.replaceAll('\t', ' ').trimEnd();
    if (text === '') continue;
    try {
      await client.say(ref, text, attached, { signal });
      attached = undefined;
    } catch (error) {
      if (!(error instanceof FerryError) || error.code !== Code.USAGE) throw error;
      failed += 1;
      process.stderr.write(`ferry: not said: ${error.message} [${error.codeName}]\n`);
    }
  }
  paper.close();
  if (options.follow === true && !signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  if (signal.aborted) throw signal.reason;
  return failed > 0 ? ExitCode.someFailed : ExitCode.done;
}

function tell(news: ChatNews, { json }: ChatOptions, paper: Paper, end: (why: FerryError) => void): void {
  if (news.kind === 'out') {
    end(fromWireError(news.error));
    return;
  }
  for (const line of news.lines) {
    paper.print(json === true ? jsonLine(news.ref, news.past, line) : textOf(line, news.past));
  }
}

function jsonLine(ref: string, past: boolean, line: ChatLine): string {
  const { seq, ms, from, own, text, path, notes, takes } = line;
  const time = new Date(ms).toISOString();
  if (takes !== undefined)
    return toJsonLine({ event: 'taken', room: ref, seq, time, from, own, past, takes });
  const at = path === undefined ? {} : { attached: jsonPath(path) };
  return toJsonLine({ event: 'message', room: ref, seq, time, from, own, past, text, ...at, notes });
}

/** Nothing of what others write can look like a line of its own, or like a word of ours: those begin with an asterisk. */
function textOf({ ms, from, own, text, path, notes, takes }: ChatLine, past: boolean): string {
  const who = show(from);
  if (takes !== undefined) return past ? '' : `* ${who} has taken a line away\n`;
  const told = notes.map((note) => `* ${noteWords(note, who)}\n`).join('');
  // Who has typed it has seen it.
  if (text === '' || (own && !past)) return told;
  const at = path === undefined ? '' : `  [/${shownPath(path)}]`;
  return `${told}${clock(ms)} ${who}: ${show(text)}${at}\n`;
}

function clock(ms: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const at = new Date(ms);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === new Date().toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** @param outage what there is to be told of it */
function tellStatus(
  status: ConnectionStatus,
  outage: string | undefined,
  { json }: ChatOptions,
  end: (why: FerryError) => void,
): void {
  if (status.phase === 'closed' && status.error !== undefined) end(fromWireError(status.error));
  if (outage === undefined) return;
  if (json === true) process.stdout.write(toJsonLine({ event: 'connection', message: outage }));
  else process.stderr.write(`ferry: ${outage}\n`);
}
