/**
 * How a command tells of work on the server: on a terminal one line that is redrawn while it goes on, a line on stderr for
 * each thing that failed and for each work that ended; or JSON, an object per event on stdout.
 */

import { codeName, type FerryError, type Path, show } from '@ferry/protocol';
import type { TreeDone, TreeProgress } from '@ferry/protocol/messages';
import prettyBytes from 'pretty-bytes';
import { ExitCode, exitCodeOf } from './exit-code.ts';
import { jsonPath, toJsonLine } from './printer-json.ts';
import { shownPath } from './printer-text.ts';

export type TreeVerb = 'copied' | 'moved' | 'removed' | 'trashed' | 'archived' | 'unpacked';

export class TreeReport {
  readonly #verb: TreeVerb;
  readonly #json: boolean;
  #drawn = false;
  #someDone = false;
  #first: FerryError | undefined;
  #failed = 0;

  constructor(verb: TreeVerb, json = false) {
    this.#verb = verb;
    this.#json = json;
  }

  progress(path: Path, { files, folders, bytes, failures }: TreeProgress): void {
    for (const failure of failures) {
      const place = [...path, ...failure.path];
      this.#failed += 1;
      if (this.#json) {
        const { code, message } = failure;
        this.#say({ event: 'failed', ...jsonPath(place), error: { code: codeName(code), message } });
      } else this.#line(`  ${shownPath(place)}: ${show(failure.message)} [${codeName(failure.code)}]`);
    }
    if (this.#json) this.#say({ event: 'progress', ...jsonPath(path), files, folders, bytes });
    else if (process.stderr.isTTY) {
      const words = `${this.#verb} so far: ${counted(files)}${bytes > 0 ? `, ${prettyBytes(bytes)}` : ''}`;
      process.stderr.write(`\r\x1b[K${words.slice(0, process.stderr.columns - 1)}`);
      this.#drawn = true;
    }
  }

  ended(path: Path, done: TreeDone): void {
    if (done.files + done.folders > 0 || done.failed === 0) this.#someDone = true;
    if (this.#json) {
      this.#say({ event: 'ended', ...jsonPath(path), ...done });
      return;
    }
    const { files, folders, bytes, skipped, failed } = done;
    const parts = [
      files > 0 || folders === 0 ? counted(files) : `${folders} ${folders === 1 ? 'folder' : 'folders'}`,
      ...(bytes > 0 ? [prettyBytes(bytes)] : []),
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ];
    this.#line(`${this.#verb} ${shownPath(path)}: ${parts.join(', ')}`);
  }

  /** This one could not be done at all. */
  failed(path: Path, error: FerryError): void {
    this.#failed += 1;
    this.#first ??= error;
    if (this.#json) {
      const { codeName: code, message } = error;
      this.#say({ event: 'failed', ...jsonPath(path), error: { code, message } });
    } else this.#line(`${shownPath(path)}: ${show(error.message)} [${error.codeName}]`);
  }

  get exitCode(): ExitCode {
    if (this.#failed === 0) return ExitCode.done;
    return this.#someDone || this.#first === undefined ? ExitCode.someFailed : exitCodeOf(this.#first);
  }

  #line(text: string): void {
    if (this.#drawn) process.stderr.write('\r\x1b[K');
    this.#drawn = false;
    process.stderr.write(`${text}\n`);
  }

  #say(event: object): void {
    process.stdout.write(toJsonLine(event));
  }
}

function counted(files: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}`;
}
