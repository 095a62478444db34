/**
 * A picture fetched and unpacked: as many bytes as its bounds allow, on a thread of its own that has so much memory and time and no
 * more. UI thread; the bytes come from the I/O thread.
 */

import { Worker } from 'node:worker_threads';
import { Code, type Facts, FerryError, fromWireError, limits, type Path } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { FileSource, Wait } from '../../engine/source.ts';
import { type Picture, pictureBounds } from '../../state/picture.ts';
import { readInOrder } from '../search-file.ts';
import { checkPixels } from './decode-picture.ts';
import { pictureFormat, pictureHead } from './picture-head.ts';
import type { PictureResult, PictureTask } from './picture-thread.ts';

export type LoadedPicture = { readonly facts: Facts; readonly picture: Picture };
export type PictureFile = {
  readonly source: Pick<FileSource, 'readRange'>;
  readonly path: Path;
  /** Told after each range: so many bytes are here. */
  readonly onProgress: (at: number) => void;
};

/** Of JavaScript's memory; what pixels take is bounded by their number. */
const heapMB = 512;

/**
 * Nothing is left behind when it is cancelled: no bytes, and no thread.
 * @throws {FerryError} INTEGRITY for what is no picture; LIMIT for one that is too large, or takes too long; as readRange; CANCELLED
 */
export async function loadPicture(file: PictureFile, opts: Wait = {}): Promise<LoadedPicture> {
  const { source, path } = file;
  const { facts, content } = await source.readRange(path, { offset: 0, length: limits.rangeBytes }, opts);
  if (pictureFormat(content) === undefined) {
    throw new FerryError(Code.INTEGRITY, 'this is no picture that can be shown');
  }
  const { mostBytes } = pictureBounds;
  if (facts.size > mostBytes) {
    const words = `the picture has ${prettyBytes(facts.size)}, and more than ${prettyBytes(mostBytes, { binary: true })} are not fetched to be shown`;
    throw new FerryError(Code.LIMIT, words);
  }
  const head = pictureHead(content);
  if (head !== undefined) checkPixels(head);
  const all = new Uint8Array(facts.size);
  all.set(content);
  let reached = content.length;
  await readInOrder(
    file,
    (index) => {
      const offset = content.length + index * limits.rangeBytes;
      return offset < facts.size
        ? { offset, length: limits.rangeBytes, identity: facts.identity }
        : undefined;
    },
    (range, { offset }) => {
      all.set(range.content.subarray(0, facts.size - offset), offset);
      reached = offset + range.content.length;
      file.onProgress(reached);
      return false;
    },
    opts,
  );
  return { facts, picture: await unpacked(all, opts) };
}

/** As decodePicture, on a thread of its own. */
export function unpacked(content: Uint8Array<ArrayBuffer>, { signal }: Wait = {}): Promise<Picture> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new FerryError(Code.CANCELLED, 'cancelled'));
      return;
    }
    const thread = new Worker(new URL('./picture-thread.ts', import.meta.url), {
      workerData: { content } satisfies PictureTask,
      transferList: [content.buffer],
      resourceLimits: { maxOldGenerationSizeMb: heapMB },
      // What a library might say is not for the screen.
      stdout: true,
      stderr: true,
    });
    let isOver = false;
    const end = (result: PictureResult | FerryError): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      void thread.terminate();
      if (result instanceof FerryError) reject(result);
      else if ('error' in result) reject(fromWireError(result.error));
      else resolve(result.picture);
    };
    const cancel = (): void => end(new FerryError(Code.CANCELLED, 'cancelled'));
    const tooLong = (): void =>
      end(
        new FerryError(
          Code.LIMIT,
          `the picture takes more than ${pictureBounds.mostMs / 1000} seconds to show`,
        ),
      );
    const timer = setTimeout(tooLong, pictureBounds.mostMs);
    signal?.addEventListener('abort', cancel, { once: true });
    thread.once('message', (result: PictureResult) => end(result));
    // Above all: more memory than it may have.
    const died = (cause?: unknown): void =>
      end(new FerryError(Code.LIMIT, 'the picture takes more memory than there is for pictures', { cause }));
    thread.once('error', died);
    thread.once('exit', () => died());
  });
}
