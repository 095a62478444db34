/**
 * Lets the stacks of errors name the sources that a bundle was made of. `test/tools/bundle.ts` has each program and thread of a bundle
 * import it; the sources themselves do not. Node's own way reads every map at each start, this one those of a stack that somebody looks at.
 */

import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

const maps = new Map<string, SourceMap | undefined>();

function mapOf(url: string): SourceMap | undefined {
  if (!maps.has(url)) {
    try {
      maps.set(url, new SourceMap(JSON.parse(readFileSync(fileURLToPath(`${url}.map`), 'utf8'))));
    } catch {
      // A file that was no bundle's, or whose map went: it stands for itself.
      maps.set(url, undefined);
    }
  }
  return maps.get(url);
}

/** `/…/packages/tui/src/app.ts:12:3` @param url of a bundle's file @param line and column count from 1 */
export function sourcePlace(url: string, line: number, column: number): string | undefined {
  const found = mapOf(url)?.findEntry(line - 1, column - 1);
  if (found === undefined || !('originalSource' in found)) return undefined;
  const source = fileURLToPath(new URL(found.originalSource, url));
  return `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
}

/** Its type does not say that it has words of its own. */
const wordsOf = (call: { readonly toString: () => string }): string => `    at ${call.toString()}`;

Error.prepareStackTrace = (error, calls) => {
  const lines = calls.map((call) => {
    const [url, line, column] = [call.getFileName(), call.getLineNumber(), call.getColumnNumber()];
    if (url?.startsWith('file:') !== true || line === null || column === null) return wordsOf(call);
    const bundled = `${url}:${line}:${column}`;
    return wordsOf(call).replace(bundled, () => sourcePlace(url, line, column) ?? bundled);
  });
  return [String(error), ...lines].join('\n');
};
