/**
 * What of a new content is already in an old one, chunk by chunk, and how each block of the new one is put together from
 * pieces of the old and bytes that have to be fetched. Pure; called on the I/O thread of the end that holds the old content.
 *
 * A plan is a guess: chunks are taken for equal by short digests that a peer named. What is built by it must be verified
 * against the block's own digest before anyone sees it.
 */

import { blockLength, blockOffset } from './block.ts';
import { type ChunkList, chunkDigestAt, chunkRowBytes } from './chunk-list.ts';

/** So many bytes from an offset in the old content, or from an offset in the new one. */
export type Piece =
  | { readonly kind: 'copy'; readonly from: number; readonly length: number }
  | { readonly kind: 'bytes'; readonly offset: number; readonly length: number };

/**
 * Compares two versions by their chunks. Takes up to half a second for each million chunks
 * (70 GiB), 1.5 when a peer wants it to take long.
 */
export function planDelta(old: ChunkList, wanted: ChunkList): DeltaPlan {
  const index = new ChunkIndex(old);
  const plan = new DeltaPlan(wanted.count);
  const { rows } = wanted;
  let next = 0;
  for (let i = 0; i < wanted.count; i++) {
    // The chunk after the one used last comes first, so that of many equal chunks the one is taken that makes one long piece.
    const found = index.is(next, rows, i) ? next : index.find(rows, i);
    plan.add(wanted.lengthAt(i), found === undefined ? undefined : index.offsetOf(found));
    if (found !== undefined) next = found + 1;
  }
  return plan;
}

const lacking = -1;

/** The new content as runs: bytes that stand together in the old content, and bytes that it lacks. Made by `planDelta`. */
export class DeltaPlan {
  /** Of each run: its offset in the new content, and that in the old one or `lacking`. */
  readonly #offsets: Float64Array;
  readonly #sources: Float64Array;
  #runs = 0;
  #sizeBytes = 0;
  #fetchBytes = 0;

  constructor(runsMax: number) {
    this.#offsets = new Float64Array(runsMax);
    this.#sources = new Float64Array(runsMax);
  }

  /** Bytes of the new content. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Bytes of it that the old content lacks; a chunk that the new one holds twice counts twice. */
  get fetchBytes(): number {
    return this.#fetchBytes;
  }

  /** The next bytes of the new content and where the old one has them. */
  add(length: number, from: number | undefined): void {
    const source = from ?? lacking;
    if (this.#runs === 0 || source !== this.#sourceAt(this.#runs - 1, this.#sizeBytes)) {
      this.#offsets[this.#runs] = this.#sizeBytes;
      this.#sources[this.#runs] = source;
      this.#runs += 1;
    }
    this.#sizeBytes += length;
    if (from === undefined) this.#fetchBytes += length;
  }

  /** The pieces that make up exactly block `index` of the new content, in order and as few as can be; none beyond its end. */
  blockRecipe(index: number): readonly Piece[] {
    const pieces: Piece[] = [];
    let offset = blockOffset(index);
    const end = offset + blockLength(this.#sizeBytes, index);
    for (let run = this.#runAt(offset); offset < end; run++) {
      const length = Math.min(end, this.#endOf(run)) - offset;
      const from = this.#sourceAt(run, offset);
      pieces.push(from === lacking ? { kind: 'bytes', offset, length } : { kind: 'copy', from, length });
      offset += length;
    }
    return pieces;
  }

  /** Where the old content has what run `run` goes on with at `offset` of the new one. */
  #sourceAt(run: number, offset: number): number {
    const source = this.#sources[run] as number;
    return source === lacking ? lacking : source + offset - (this.#offsets[run] as number);
  }

  #endOf(run: number): number {
    return run + 1 < this.#runs ? (this.#offsets[run + 1] as number) : this.#sizeBytes;
  }

  /** The run that holds the byte at `offset`. */
  #runAt(offset: number): number {
    let low = 0;
    let high = this.#runs;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}

/**
 * How many places are looked at before a chunk counts as absent: a peer may have chosen digests that belong in one place.
 * Of honest ones hardly one in a hundred thousand stands further off; it is then fetched.
 */
const probesMax = 64;

/**
 * Finds chunks by length and digest: a table, at most half full, of chunk numbers (plus 1; 0 is free), each in the place that
 * its digest's first bits name or soon after. A Map ends at sixteen million entries and takes ten times the memory.
 */
class ChunkIndex {
  readonly #rows: Buffer;
  readonly #offsets: Float64Array;
  readonly #table: Int32Array;
  readonly #shift: number;

  constructor(list: ChunkList) {
    const bits = Math.ceil(Math.log2(list.count + 1)) + 1;
    this.#rows = list.rows;
    this.#offsets = new Float64Array(list.count);
    this.#table = new Int32Array(2 ** bits);
    this.#shift = 32 - bits;
    let offset = 0;
    for (let i = 0; i < list.count; i++) {
      this.#offsets[i] = offset;
      offset += list.lengthAt(i);
      const place = this.#place(this.#rows, i);
      if (place !== undefined && this.#table[place] === 0) this.#table[place] = i + 1;
    }
  }

  offsetOf(chunk: number): number {
    return this.#offsets[chunk] as number;
  }

  /** The first chunk that equals row `row` of `rows`. */
  find(rows: Buffer, row: number): number | undefined {
    const place = this.#place(rows, row);
    const entry = place === undefined ? 0 : (this.#table[place] as number);
    return entry === 0 ? undefined : entry - 1;
  }

  /** Whether there is a chunk `chunk` and it equals row `row` of `rows`. */
  is(chunk: number, rows: Buffer, row: number): boolean {
    if (chunk >= this.#offsets.length) return false;
    const a = chunk * chunkRowBytes;
    const b = row * chunkRowBytes;
    for (let i = 0; i < chunkRowBytes; i++) if (this.#rows[a + i] !== rows[b + i]) return false;
    return true;
  }

  /** The place that holds such a chunk, or the free one where it belongs; undefined when the neighbourhood is crowded. */
  #place(rows: Buffer, row: number): number | undefined {
    const mask = this.#table.length - 1;
    let place = rows.readUInt32BE(row * chunkRowBytes + chunkDigestAt) >>> this.#shift;
    for (let probes = 0; probes < probesMax; probes++) {
      const entry = this.#table[place] as number;
      if (entry === 0 || this.is(entry - 1, rows, row)) return place;
      place = (place + 1) & mask;
    }
    return undefined;
  }
}
