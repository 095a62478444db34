/**
 * Puts each program's sources together into few files of plain JavaScript, which start in half the time: one for each thread, and what
 * they share or load late in files beside it. Run as `prepare` after an installation, and by run.ts and start.ts before they start programs.
 *
 * What is not there or not current is not used (packages/protocol/src/disk/current-bundle.ts): then sources run, slower, and do the same.
 */

import { createHash, randomBytes } from 'node:crypto';
import {
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BuildOptions, OutputFile, Plugin } from 'esbuild';
import {
  bundleFolder,
  bundleList,
  currentBundle,
  fileState,
  listLine,
  type Program,
} from '../../packages/protocol/src/disk/current-bundle.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const place = join(root, bundleFolder);
const stacks = join(root, 'packages/protocol/src/disk/bundled-stacks.ts');
const folderOf = { ferry: 'packages/tui', ferryd: 'packages/server' } as const;
/** JavaScript modules that load nothing late. All other packages stay where they are: some load their parts by computed names. */
const taken = new Set([
  'commander',
  'get-east-asian-width',
  'msgpackr/pack',
  'msgpackr/unpack',
  'pretty-bytes',
]);
/** Changes that esbuild's own list does not show: what names lead to, and this file. */
const besides = [
  ...['protocol', 'server', 'tui'].map((name) => `packages/${name}/package.json`),
  'pnpm-lock.yaml',
  relative(root, fileURLToPath(import.meta.url)),
];
/** Bundles that are kept besides: a program of an earlier one may still run, and load a part of it. */
const keptBundles = 16;
/** File systems keep the time of a change no finer. */
const grainMs = 50;

const ownPlace = /new URL\('(\.[^']+\.ts)', import\.meta\.url\)/g;

/** A file that a thread or a program begins with, and what its bundled form is called; all are in one folder. */
function outName(file: string): string {
  return relative('packages', file).replace('/src/', '/').replaceAll('/', '-').replace(/\.ts$/, '');
}

/** Where threads and programs begin is said by `new URL('./x.ts', import.meta.url)` alone. @throws of other uses of `import.meta` */
function findEntries(program: Program): {
  readonly entries: readonly string[];
  readonly callers: readonly string[];
} {
  const entries = new Set([`${folderOf[program]}/src/main.ts`]);
  const callers = globSync(`${folderOf[program]}/src/**/*.ts`, { cwd: root }).filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    if (!text.includes('import.meta')) return false;
    for (const [, to = ''] of text.matchAll(ownPlace)) entries.add(join(dirname(file), to));
    if (text.replaceAll(ownPlace, '').includes('import.meta'))
      throw new Error(`${file} asks for its own place in a way that a bundle cannot answer`);
    return true;
  });
  return { entries: [...entries].toSorted(), callers };
}

/** @param out the folder that all files will be in */
function plugin(entries: readonly string[], callers: readonly string[], out: string): Plugin {
  const changed = new Set([...entries, ...callers].map((file) => join(root, file)));
  return {
    name: 'ferry',
    setup: (build) => {
      const filter = new RegExp(`^(?:${[...changed].map((file) => RegExp.escape(file)).join('|')})$`);
      build.onLoad({ filter }, ({ path }) => {
        const named = (_: string, to: string): string =>
          `new URL('./${outName(relative(root, join(dirname(path), to)))}.mjs', import.meta.url)`;
        const contents = readFileSync(path, 'utf8').replaceAll(ownPlace, named);
        const isEntry = entries.includes(relative(root, path));
        return { contents: isEntry ? `${contents}\nimport '${stacks}';\n` : contents, loader: 'ts' };
      });
      build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (
          pluginData === 'asked' ||
          path.startsWith('node:') ||
          path.startsWith('@ferry/') ||
          taken.has(path)
        )
          return undefined;
        const found = await build.resolve(path, { kind, resolveDir, pluginData: 'asked' });
        if (found.errors.length > 0 || found.external) return found;
        // Packages are installed beside the one that names them, not beside the bundle.
        return { path: relative(out, found.path), external: true };
      });
    },
  };
}

type Built = { readonly inputs: readonly string[]; readonly files: readonly OutputFile[] };

async function build(program: Program): Promise<Built> {
  const esbuild = await import('esbuild');
  const { entries, callers } = findEntries(program);
  const out = join(place, 'digest', program);
  const { metafile, outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: entries.map((file) => ({ in: file, out: outName(file) })),
    outdir: out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Node would read files of another name twice to find out what they are.
    outExtension: { '.js': '.mjs' },
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    write: false,
    logLevel: 'silent',
    plugins: [plugin(entries, callers, out)],
  } satisfies BuildOptions);
  // What is installed changes with the lock file.
  const own = Object.keys(metafile.inputs).filter((file) => !file.includes('node_modules/'));
  return { inputs: [...own, ...besides].toSorted(), files: outputFiles };
}

/** Nobody sees half of it: whoever looks finds the list of what was there before, or of what is. */
function publish(program: Program, files: readonly OutputFile[], list: readonly string[]): void {
  const digest = createHash('sha256');
  for (const { path, hash } of files) digest.update(`${path} ${hash}\n`);
  const name = digest.digest('hex').slice(0, 16);
  const folder = join(place, name);
  const fresh = join(place, `.new-${randomBytes(8).toString('hex')}`);
  mkdirSync(join(fresh, program), { recursive: true });
  for (const { path, contents } of files)
    writeFileSync(join(fresh, relative(join(place, 'digest'), path)), contents);
  try {
    renameSync(fresh, folder);
  } catch {
    // It is there already, with the same in it.
    rmSync(fresh, { recursive: true });
    utimesSync(folder, new Date(), new Date());
  }
  const entry = relative(root, join(folder, program, `${outName(`${folderOf[program]}/src/main.ts`)}.mjs`));
  writeFileSync(`${fresh}.list`, `${[entry, ...list].join('\n')}\n`);
  renameSync(`${fresh}.list`, join(root, bundleList(program)));
}

/** Those that are current stay, and the latest besides; what an attempt left that was cut off goes after an hour. */
function removeOld(): void {
  const current = (['ferry', 'ferryd'] as const).map((program) => currentBundle(program) ?? '');
  const others = readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ folder: join(place, name), at: statSync(join(place, name)).mtimeMs }))
    .filter(({ folder }) => !current.some((file) => file.startsWith(`${folder}/`)))
    .toSorted((a, b) => b.at - a.at);
  const isUnfinished = ({ folder }: (typeof others)[number]): boolean => basename(folder).startsWith('.new-');
  const old = [
    ...others.filter((one) => isUnfinished(one) && one.at < Date.now() - 3_600_000),
    ...others.filter((one) => !isUnfinished(one)).slice(keptBundles),
  ];
  for (const { folder } of old) rmSync(folder, { recursive: true, force: true });
}

/** The first file of a program's bundle, which is made anew if it is not current. */
async function bundleOne(program: Program): Promise<string> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const current = currentBundle(program);
    if (current !== undefined) return current;
    const began = Date.now();
    const { inputs, files } = await build(program);
    const states = inputs.map((file) => ({ file, state: fileState(join(root, file)) ?? '' }));
    // What has changed since this began, or a moment before, may have been read as it was.
    if (states.every(({ state }) => Number.parseFloat(state) < began - grainMs)) {
      publish(
        program,
        files,
        states.map(({ file, state }) => listLine(file, state)),
      );
      removeOld();
    } else await pause(2 * grainMs);
  }
  throw new Error('the sources change all the time');
}

/** The programs' bundles, made where they are not current. @throws if a source is broken, or esbuild is not installed */
export async function bundle(): Promise<Record<Program, string>> {
  return { ferry: await bundleOne('ferry'), ferryd: await bundleOne('ferryd') };
}

/** The same for who can do without: says why not, and the sources run. */
export async function makeBundles(): Promise<void> {
  try {
    await bundle();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`no bundle was made, the sources will run: ${why}\n`);
  }
}

if (import.meta.main) await makeBundles();
