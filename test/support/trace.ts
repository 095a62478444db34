/** What strace wrote, as values. Pure: made-up traces are read by it too. */

export type Call = {
  readonly tid: number;
  readonly name: string;
  /** The how-manieth of its name on its thread, from 1. */
  readonly nth: number;
  /** What the first descriptor is open on; of `openat` what was opened. `(deleted)` is left off. */
  readonly file: string | undefined;
  /** The path arguments, those through /proc/self/fd resolved. */
  readonly paths: readonly string[];
  /** Everything between the brackets, as strace wrote it. */
  readonly args: string;
  /** undefined when the call never came back. */
  readonly result: number | undefined;
  /** `EIO`; undefined when it went well. */
  readonly error: string | undefined;
  /** strace made this outcome up. */
  readonly injected: boolean;
  /** Order over all threads: of two calls the one was over before the other when it `ended` before that `began`. */
  readonly began: number;
  /** Infinity when it never came back. */
  readonly ended: number;
};

type Open = { readonly tid: number; readonly name: string; args: string; readonly began: number };

const string = /"((?:[^"\\]|\\.)*)"/g;

/** `known`: descriptors that were open before, and on what. Lines that are not calls are left out. */
export function parseTrace(text: string, known: ReadonlyMap<number, string>): readonly Call[] {
  const files = new Map(known);
  const counts = new Map<string, number>();
  const open = new Map<number, Open>();
  const calls: Call[] = [];
  const finish = (call: Open, rest: string, ended: number): void => {
    const [, result, error] =
      /^\s*=\s*(-?\d+|\?)(?:<[^>]*>)?(?:\(deleted\))?\s*([A-Z0-9]+)?/.exec(rest) ?? [];
    const count = (counts.get(`${call.tid} ${call.name}`) ?? 0) + 1;
    counts.set(`${call.tid} ${call.name}`, count);
    const opened = /^\s*=\s*\d+<([^>]*)>/.exec(rest)?.[1];
    const file = call.name === 'openat' ? opened : /^\d+<([^>]*)>/.exec(call.args)?.[1];
    const paths = takesPaths.test(call.name)
      ? [...call.args.matchAll(string)].map(([, path]) => resolve(unescaped(path ?? ''), files))
      : [];
    const number = result === undefined || result === '?' ? undefined : Number(result);
    calls.push({
      tid: call.tid,
      name: call.name,
      nth: count,
      file: file?.replace(/ ?\(deleted\)$/, ''),
      paths,
      args: call.args,
      result: number,
      error: number === -1 ? error : undefined,
      injected: rest.includes('(INJECTED)'),
      began: call.began,
      ended,
    });
    if (call.name === 'openat' && number !== undefined && number >= 0 && opened !== undefined)
      files.set(number, opened);
  };
  for (const [at, line] of text.split('\n').entries()) {
    const [, tid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const thread = Number(tid);
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(rest);
    if (resumed !== null) {
      const call = open.get(thread);
      open.delete(thread);
      const { args, after } = split(resumed[2] ?? '');
      if (call !== undefined) finish({ ...call, args: call.args + args }, after, at);
      continue;
    }
    const begun = /^(\w+)\((.*)$/.exec(rest);
    if (begun === null) continue;
    const [, name = '', more = ''] = begun;
    const call = { tid: thread, name, args: '', began: at };
    if (more.endsWith('<unfinished ...>')) {
      open.set(thread, { ...call, args: more.slice(0, -'<unfinished ...>'.length).trimEnd() });
      continue;
    }
    const { args, after } = split(more);
    finish({ ...call, args }, after, at);
  }
  for (const call of open.values()) finish(call, ' = ?', Number.POSITIVE_INFINITY);
  return calls.toSorted((a, b) => a.began - b.began);
}

/** At the `)` before the result. */
function split(text: string): { args: string; after: string } {
  const at = text.lastIndexOf(') ');
  const plain = /^(.*)\)(\s+= .*)$/.exec(text);
  if (plain !== null) return { args: plain[1] ?? '', after: plain[2] ?? '' };
  return { args: text.slice(0, Math.max(0, at)), after: text.slice(at + 1) };
}

const takesPaths =
  /^(?:openat|link|linkat|rename|renameat2?|unlink|unlinkat|mkdir|mkdirat|rmdir|symlink|symlinkat|chmod)$/;

function resolve(path: string, files: ReadonlyMap<number, string>): string {
  const [, fd = '', rest = ''] = /^\/proc\/self\/fd\/(\d+)(\/.*)?$/.exec(path) ?? [];
  const folder = fd === '' ? undefined : files.get(Number(fd));
  if (folder === undefined) return path;
  return rest === '/.' ? folder : folder + rest;
}

/** The bytes of a string as strace wrote it, one char each. */
export function unescaped(text: string): string {
  const short: Record<string, string> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };
  return text.replaceAll(/\\([0-7]{1,3}|.)/g, (_, code: string) =>
    /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (short[code] ?? code),
  );
}
