/**
 * The file of what the browser remembers. Written a while after something changed, off the thread that draws, and whole or not at all;
 * what cannot be read or written is not remembered, and no reason to stop. UI thread.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nothingRemembered, type Remembered, rememberedFrom } from '../state/remembered.ts';

/** Changes that come together are written together. */
const waitMs = 1500;

export class RememberedFile {
  readonly #file: string;
  #next: Remembered | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  read(): Remembered {
    try {
      return rememberedFrom(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      return nothingRemembered;
    }
  }

  keep(remembered: Remembered): void {
    this.#next = remembered;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, waitMs);
  }

  /** Resolves when all that was to be kept is written. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const remembered = this.#next;
    this.#next = undefined;
    if (remembered !== undefined) this.#work = this.#work.then(() => this.#write(remembered));
    return this.#work;
  }

  async #write(remembered: Remembered): Promise<void> {
    const fresh = `${this.#file}.${randomBytes(8).toString('hex')}.tmp`;
    try {
      await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
      await writeFile(fresh, `${JSON.stringify(remembered)}\n`, { mode: 0o600 });
      await rename(fresh, this.#file);
    } catch {
      // A comfort that is missed next time.
    }
  }
}
