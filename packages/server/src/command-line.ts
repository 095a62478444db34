/** Arguments to action, errors to one line and an exit code. Loaded by main.ts; main thread. */

import { availableParallelism, homedir } from 'node:os';
import { resolve } from 'node:path';
import { asFerryError, Code, FerryError } from '@ferry/protocol';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { type BusOptions, busFrom } from './bus/bus-options.ts';
import {
  type AuditConfig,
  defaultListen,
  parseBehind,
  parseCount,
  parseListen,
  parseMetrics,
  parseOpenTo,
  placesOf,
} from './config.ts';
import { ExitCode, exitCodeOf } from './exit-code.ts';
import { addOwnersCommands } from './owner/command-line.ts';
import { checkAddress, isObjectStorage } from './storage/address.ts';

const mostThreads = 256;

const serveHelp = `
Examples:
  ferryd                                share the current folder on port 7377
  ferryd /srv/films                     share another one
  ferryd /srv/films --open=read-only    everybody who reaches it may look and download
  ferryd s3://films/new                 files in object storage: see docs/SCALE.md
  ferryd --listen 127.0.0.1:0           this machine only, on any free port
  ferryd invite --user anna             let somebody in
  ferryd user list                      who has an account; see ferryd user --help
  ferryd shares                         what people share with others
  ferryd status                         who is connected, and what moves
  ferryd status --watch                 the same as a screen, with keys
  ferryd doctor /srv/films              say what is weak about a setup

The first start prints an invite: a line that lets one person in and tells their ferry
which server to trust. SIGTERM and Ctrl+C let what is moving finish, for at most 30 s;
a second one ends at once.

Files:
  $XDG_DATA_HOME/ferryd/identity.pem    the server's key; keep it, clients trust it
  $XDG_STATE_HOME/ferryd/access.db      accounts, devices and invites of this user's servers
  $XDG_STATE_HOME/ferryd/chat/          what was said; of rooms with a passphrase nobody here can read it

Exit codes:
  0 done   1 failed, the reason is on stderr   2 wrong usage`;

type ServeOptions = BusOptions & {
  listen?: string[];
  behind?: string[];
  open?: string;
  threads?: string;
  owners?: boolean;
  /** `--no-trash` makes it false. */
  trash?: boolean;
  poll?: boolean;
  chat?: boolean;
  jsonLog?: boolean;
  watch?: boolean;
  audit?: string;
  auditSize?: string;
  auditOrStop?: boolean;
  metrics?: string;
  metricsPublic?: boolean;
};

/** Sets the exit code; for `serve` the process lives on afterwards. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  try {
    // Without this, the folder in `ferryd --open DIR` would be taken for the option's value.
    const plain = argv.map((argument) => (argument === '--open' ? '--open=everybody' : argument));
    await makeProgram().parseAsync(plain);
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // It has said on stderr what is wrong; help and version are no errors.
      process.exitCode = thrown.exitCode === 0 ? ExitCode.done : ExitCode.usage;
      return;
    }
    const error = asFerryError(thrown, (cause) => {
      throw cause;
    });
    process.stderr.write(`ferryd: ${error.message} [${error.codeName}]\n`);
    process.exit(exitCodeOf(error));
  }
}

function makeProgram(): Command {
  const program = new Command('ferryd')
    .description('Shares a folder with people who use ferry, over an encrypted connection.')
    .version(packageJson.version)
    .argument('[DIR]', 'the folder to share, or s3://BUCKET/PREFIX (default: the current one)')
    .option(
      '--listen <HOST:PORT>',
      'take connections here; may be given several times, port 0 is any free one (default: 0.0.0.0:7377 and [::]:7377)',
      (value: string, before: string[] | undefined) => [...(before ?? []), value],
    )
    .option(
      '--behind <ADDRESS>',
      'a balancer that says whose connection it passes on (PROXY protocol 2): 10.0.0.5 or 10.0.0.0/24; may be given several times',
      (value: string, before: string[] | undefined) => [...(before ?? []), value],
    )
    .option(
      '--open [read-only]',
      'let in everybody, without an invite; with =read-only they may change nothing',
    )
    .option('--no-trash', 'what is overwritten is gone, and not in the trash (deleting still is)')
    .option('--owners', 'let people see and keep whom files belong to (set only when run as root)')
    .option('--poll', 'look for changes of files every 2 s: for disks that others change unheard')
    .option('--no-chat', 'people may not talk with each other here')
    .option('--threads <N>', 'worker threads (default: one for each core)')
    .option('--json-log', 'one JSON object per log line on stderr')
    .option('--watch', 'show a screen: who is there, what moves, how fast; without a terminal, the log')
    .option('--audit <FILE>', 'write down who does what, one JSON object per line')
    .option('--audit-size <SIZE>', 'put the file aside when it has grown to this, and begin another: 100M')
    .option('--audit-or-stop', 'go down when it cannot be written')
    .option(
      '--bus <URL>',
      'belong together with other servers, over NATS: nats://HOST:PORT, tls://…; several with commas',
    )
    .option(
      '--bus-credentials <FILE>',
      'who it is to NATS: a file from nsc, a seed, USER:PASSWORD or a token',
    )
    .option('--bus-name <NAME>', 'servers of the same name belong together (default: ferry)')
    .option('--metrics <HOST:PORT>', 'tell figures to Prometheus at /metrics, and how it is at /health')
    .option('--metrics-public', 'also at an address that other machines reach')
    .helpOption('-h, --help', 'say how it is used')
    .helpCommand(false)
    .addHelpText('after', serveHelp)
    .allowExcessArguments(false)
    .exitOverride()
    .action(runServe);
  addOwnersCommands(program);
  program
    .command('renew-key')
    .description('Give the server a new key, for which the old one vouches: clients go on by themselves.')
    .helpOption('-h, --help', 'say how it is used')
    .allowExcessArguments(false)
    .exitOverride()
    .action(async () => {
      const { renewIdentity } = await import('./access/identity.ts');
      const { fingerprint } = renewIdentity(placesOf(process.env, homedir()).identityFile, Date.now());
      process.stdout.write(`fingerprint ${fingerprint}\nstart ferryd again to use it\n`);
    });
  program
    .command('doctor')
    .argument('[DIR]', 'the folder to be shared (default: the current one)')
    .description(
      'Look at a setup and say what is weak about it; takes --listen, --open and --bus as ferryd does.',
    )
    .option('--json', 'one JSON object for each line')
    .helpOption('-h, --help', 'say how it is used')
    .allowExcessArguments(false)
    .exitOverride()
    .action(async (folder: string | undefined, _options: object, command: Command) => {
      await runDoctor(folder, command.optsWithGlobals());
    });
  return program;
}

async function runDoctor(
  folder: string | undefined,
  options: ServeOptions & { json?: boolean },
): Promise<void> {
  const { doctor } = await import('./doctor.ts');
  const order = {
    folder: localFolder(folder),
    listen: options.listen?.map((text) => parseListen(text)) ?? defaultListen,
    openTo: parseOpenTo(options.open),
    bus: busFrom(options),
    busCredentials: options.busCredentials,
    json: options.json ?? false,
  };
  process.exitCode = doctor(order, placesOf(process.env, homedir()));
}

async function runServe(folder: string | undefined, options: ServeOptions): Promise<void> {
  const listen = options.listen?.map((text) => parseListen(text)) ?? defaultListen;
  const config = {
    folder: sharedFrom(folder),
    listen,
    openTo: parseOpenTo(options.open),
    threads:
      options.threads === undefined
        ? availableParallelism()
        : parseCount('--threads', options.threads, mostThreads),
    keepsOwners: options.owners ?? false,
    keepsOld: options.trash ?? true,
    polls: options.poll ?? false,
    chat: options.chat ?? true,
    behind: parseBehind(options.behind ?? []),
    jsonLog: options.jsonLog ?? false,
    watch: options.watch ?? false,
    audit: await auditFrom(options),
    bus: busFrom(options),
    metrics:
      options.metrics === undefined
        ? undefined
        : parseMetrics(options.metrics, options.metricsPublic ?? false),
  };
  const { serve } = await import('./serve.ts');
  await serve(config, placesOf(process.env, homedir()));
}

/** @throws {FerryError} USAGE */
function localFolder(address = '.'): string {
  if (!isObjectStorage(address)) return resolve(address);
  throw new FerryError(
    Code.USAGE,
    'ferryd doctor looks at folders: what is wrong with object storage ferryd says when it starts',
  );
}

/** @throws {FerryError} USAGE */
function sharedFrom(address = '.'): string {
  return isObjectStorage(address) ? checkAddress(address) : resolve(address);
}

/** @throws {FerryError} USAGE */
async function auditFrom({
  audit,
  auditSize,
  auditOrStop = false,
}: ServeOptions): Promise<AuditConfig | undefined> {
  if (audit === undefined) {
    if (auditSize === undefined && !auditOrStop) return undefined;
    throw new FerryError(Code.USAGE, 'say with --audit FILE where the audit log is to be');
  }
  const { parseSize } = await import('./access/settings.ts');
  const mostBytes = auditSize === undefined ? undefined : parseSize('--audit-size', auditSize);
  return { file: resolve(audit), mostBytes, orStop: auditOrStop };
}
