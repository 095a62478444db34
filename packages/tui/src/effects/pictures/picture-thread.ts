/** One picture unpacked on a thread of its own, which ends with it: what a hostile file does to it, it does to nobody else. */

import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { WireError } from '@ferry/protocol';
import type { Picture } from '../../state/picture.ts';
import { wire } from '../wire.ts';
import { decodePicture } from './decode-picture.ts';

/** What it is started with. */
export type PictureTask = { readonly content: Uint8Array };
/** Its one message. */
export type PictureResult = { readonly picture: Picture } | { readonly error: WireError };

enableCompileCache();
const { content } = workerData as PictureTask;
try {
  const picture = await decodePicture(content);
  parentPort?.postMessage({ picture } satisfies PictureResult);
} catch (error) {
  parentPort?.postMessage({ error: wire(error) } satisfies PictureResult);
}
