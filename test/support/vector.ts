/** What a vector's frame means, in JSON that any language reads: tuples as arrays, bytes as `{ "bin": hex }`. */

import { readBlockHeader } from '@ferry/protocol/content';
import { Kind, type Packable, unpack } from '@ferry/protocol/wire';

export type Meaning =
  | null
  | boolean
  | number
  | string
  | { readonly bin: string }
  | readonly Meaning[]
  | { readonly block: object };

export function meaningOf(kind: number, body: Buffer): Meaning {
  if (body.length === 0) return null;
  if (kind !== Kind.block) return toMeaning(unpack(body));
  const { handle, index, length, digest } = readBlockHeader(body);
  const content = body.subarray(body.length - length).toString('hex');
  return { block: { handle, index, length, digest: Buffer.from(digest).toString('hex'), content } };
}

function toMeaning(value: unknown): Meaning {
  if (value instanceof Uint8Array) return { bin: Buffer.from(value).toString('hex') };
  if (Array.isArray(value)) return value.map(toMeaning);
  return value as null | boolean | number | string;
}

export function fromMeaning(meaning: Meaning): Packable {
  if (Array.isArray(meaning)) return meaning.map(fromMeaning);
  if (typeof meaning === 'object' && meaning !== null && 'bin' in meaning)
    return Buffer.from(meaning.bin, 'hex');
  return meaning as Packable;
}

/** A page with the hex behind each `<!-- vector: NAME -->` set to the vector's, in lines of 32 bytes. */
export function quoted(page: string, hexOf: (name: string) => string | undefined): string {
  return page.replaceAll(/<!-- vector: ([a-zA-Z-]+) -->\n```\n[^`]*```/g, (_, name: string) => {
    const hex = hexOf(name);
    if (hex === undefined) throw new Error(`there is no vector ${name}`);
    const lines = hex.match(/.{1,64}/g) ?? [];
    return `<!-- vector: ${name} -->\n\`\`\`\n${lines.join('\n')}\n\`\`\``;
  });
}
