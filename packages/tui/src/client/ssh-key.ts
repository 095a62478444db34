/**
 * OpenSSH keys of type ed25519 that this user has: in a file without a passphrase, or held by the agent. Servers that know
 * one let this device in once, and know its own key from then on. Commands and the browser's start.
 */

import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

export type Signer = {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. Rejects when whoever holds the key does not sign. */
  readonly sign: (text: Uint8Array) => Promise<Uint8Array>;
};

const keyType = Buffer.from('ssh-ed25519');
const fileMagic = Buffer.from('openssh-key-v1\0');
/** DER of a PKCS #8 Ed25519 key up to its 32 bytes (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Keys of an agent that are tried at most: each costs a connection, and a server counts failed ones. */
const mostKeys = 3;
const agentMs = 3000;
const longestAnswer = 256 * 1024;

/** undefined when there is no such file, or it holds no ed25519 key that can be used without a passphrase. */
export function keyFromFile(file: string): Signer | undefined {
  try {
    return parseKey(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The form that `ssh-keygen` writes; undefined for one with a passphrase or of another type. @throws RangeError when cut off */
export function parseKey(text: string): Signer | undefined {
  const [, body = ''] =
    /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/.exec(text) ??
    [];
  const bytes = Buffer.from(body, 'base64');
  if (!bytes.subarray(0, fileMagic.length).equals(fileMagic)) return undefined;
  const outer = new Reader(bytes.subarray(fileMagic.length));
  const cipher = outer.string().toString('latin1');
  outer.string();
  outer.string();
  if (cipher !== 'none' || outer.integer() !== 1) return undefined;
  outer.string();
  const inner = new Reader(outer.string());
  const [check, again] = [inner.integer(), inner.integer()];
  if (check !== again || !inner.string().equals(keyType)) return undefined;
  const publicKey = inner.string();
  const seed = inner.string().subarray(0, 32);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
  return { publicKey, sign: async (data) => sign(null, data, key) };
}

/** Those that the agent holds, at most a few; none when there is no agent. */
export async function keysFromAgent(socketPath: string | undefined): Promise<readonly Signer[]> {
  if (socketPath === undefined || socketPath === '') return [];
  try {
    const answer = new Reader(await askAgent(socketPath, Buffer.of(11), 12));
    const signers: Signer[] = [];
    for (let left = answer.integer(); left > 0 && signers.length < mostKeys; left--) {
      const blob = answer.string();
      answer.string();
      const key = new Reader(blob);
      if (!key.string().equals(keyType)) continue;
      signers.push({
        publicKey: key.string(),
        sign: async (text) => {
          const request = [Buffer.of(13), string(blob), string(text), Buffer.alloc(4)];
          const signed = new Reader(await askAgent(socketPath, Buffer.concat(request), 14));
          const signature = new Reader(signed.string());
          signature.string();
          return signature.string();
        },
      });
    }
    return signers;
  } catch {
    return [];
  }
}

/** One question to the agent; gives the answer's body. Rejects when there is none, or another than `expected`. */
function askAgent(socketPath: string, message: Buffer, expected: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.write(string(message)));
    const fail = (why: Error): void => {
      socket.destroy();
      reject(why);
    };
    let answer = Buffer.alloc(0);
    socket.setTimeout(agentMs, () => fail(new Error('the agent does not answer')));
    socket.on('error', fail);
    socket.on('end', () => fail(new Error('the agent has hung up')));
    socket.on('data', (bytes: Buffer) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length > longestAnswer) fail(new Error('the agent says too much'));
      if (answer.length < 5 || answer.length < 4 + answer.readUInt32BE(0)) return;
      socket.destroy();
      if (answer[4] === expected) resolve(answer.subarray(5, 4 + answer.readUInt32BE(0)));
      else reject(new Error('the agent refuses'));
    });
  });
}

function string(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** What SSH messages are made of (RFC 4251). Beyond the end it throws RangeError. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  integer(): number {
    const value = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  string(): Buffer {
    const length = this.integer();
    if (length > this.#bytes.length - this.#at) throw new RangeError('cut off');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
