/**
 * A secret, typed where nobody sees it or piped in; never an argument, which everybody on the machine could read. Both programs,
 * main thread, before any screen is drawn.
 */

import type { ReadStream } from 'node:tty';
import { Code, FerryError } from '../errors.ts';

const longest = 4096;

/**
 * One line from the terminal, without showing it, or the first line of what is piped in.
 * @throws {FerryError} CANCELLED (Ctrl+C, Ctrl+D), USAGE (nothing came, or far too much)
 */
export async function askSecret(question: string): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) {
    process.stderr.write(question);
    try {
      return await typed(stdin);
    } finally {
      process.stderr.write('\n');
    }
  }
  let text = '';
  for await (const piece of stdin.setEncoding('utf8')) {
    text += String(piece);
    if (text.length > longest || text.includes('\n')) break;
  }
  return checked(text.split(/\r?\n/)[0] ?? '');
}

function typed(stdin: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (finish: () => void): void => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      finish();
    };
    const onData = (piece: string): void => {
      for (const char of piece) {
        if (char === '\r' || char === '\n') {
          end(() => {
            try {
              resolve(checked(text));
            } catch (error) {
              reject(error instanceof Error ? error : new Error(String(error)));
            }
          });
          return;
        }
        if (char === '\u0003' || char === '\u0004') {
          end(() => reject(new FerryError(Code.CANCELLED, 'cancelled')));
          return;
        }
        if (char === '\u007f' || char === '\b') text = [...text].slice(0, -1).join('');
        else if (char === '\u0015') text = '';
        else if (text.length < longest) text += char;
      }
    };
    stdin.setEncoding('utf8');
    stdin.setRawMode(true);
    stdin.on('data', onData);
    stdin.resume();
  });
}

function checked(text: string): string {
  if (text !== '' && text.length < longest) return text;
  throw new FerryError(Code.USAGE, 'a password was expected');
}
