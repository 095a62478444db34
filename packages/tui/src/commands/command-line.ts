/** Arguments to command, errors to one line and an exit code. Loaded by main.ts. */

import { asFerryError, Code, FerryError, show } from '@ferry/protocol';
import { isAddress } from '@ferry/protocol/session';
import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { ExitCode, exitCodeHelp, exitCodeOf } from './exit-code.ts';
import { addServerCommands } from './server-commands.ts';

const help = `
Examples:
  ferry ferry://10.0.0.5                        browse a server: its files left, yours right
  ferry 'ferry://10.0.0.5:7377/#…' ~/Downloads  the same with an invite that somebody gave you
  ferry ls ferry://10.0.0.5/films               list a folder
  ferry get ferry://10.0.0.5/films/a.mov .      download a file
  ferry get -r ferry://10.0.0.5/films ~/films   download a folder
  ferry put -r photos ferry://10.0.0.5/         upload a folder
  ferry mv ferry://10.0.0.5/a ferry://10.0.0.5/b   cp, mv, rm, mkdir, …: inside of the server
  ferry share ferry://10.0.0.5/films/a.mov      a line that lets others have it, for a week
  ferry queue                                   what moves, waits and was done
  ferry servers                                 whom this ferry trusts
  ferry trust 10.0.0.5                          accept a server's changed identity

In the browser: arrows walk, Space marks, F5 copies to the other side, Tab changes sides, F1 lists all that can be done.

${exitCodeHelp}

Files:
  $XDG_DATA_HOME/ferry/known-servers.json   the identities that you have accepted
  $XDG_DATA_HOME/ferry/device.key           this device's key; servers know you by it
  $XDG_STATE_HOME/ferry/queue.db            the queue
  $XDG_CONFIG_HOME/ferry/keys.json          your keys in the browser
  $XDG_STATE_HOME/ferry/browser.json        its bookmarks, recent folders and layout`;

const getHelp = `
Examples:
  ferry get ferry://host/a.iso                   into the current folder
  ferry get ferry://host/a.iso b.iso             under another name
  ferry get -r ferry://host/films ~/films        a folder with all that is in it
  ferry get --skip -r ferry://host/films .       only what is not there yet
  ferry get --as tar.zst ferry://host/films      as films.tar.zst

A file is there under its name only when it is complete and verified.`;

const putHelp = `
Examples:
  ferry put a.iso ferry://host/                  into the shared folder
  ferry put a.iso ferry://host/b.iso             under another name
  ferry put -r films photos ferry://host/media/  folders with all that is in them

A file shows on the server only when it is complete, verified and on its disk.`;

const queueHelp = `
Examples:
  ferry put -r --detach films ferry://host/media/   add to the queue and return at once
  ferry queue                                       how far everything is
  ferry queue pause 7 9                             let two jobs stand
  ferry queue priority 5 12                         let one go first
  ferry queue limits --up 2M                        leave room on the line
  ferry queue resume --all                          let everything go on

Jobs outlive their program, a crash and a restart. One ferry moves them: the browser if it is open, else one in the background.`;

/** @returns the exit code */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let code: number = ExitCode.done;
  const program = makeProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (thrown) {
    // Commander has said on stderr what is wrong; help and version are no errors.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? ExitCode.done : ExitCode.usage;
    const error = asFerryError(thrown, (cause) => {
      throw cause;
    });
    const words = error.message.split('\n').map(show).join('\n');
    process.stderr.write(`ferry: ${words} [${error.codeName}]\n`);
    return exitCodeOf(error);
  }
}

function withConnectOptions(command: Command): Command {
  return command
    .option('--pin <FINGERPRINT>', 'the identity the server must show')
    .option('--accept-new', 'at first contact, trust and remember whoever answers')
    .option('--invite-file <FILE>', 'read an invite from a file, or with - from stdin')
    .option(
      '--password-file <FILE>',
      'for ferry://NAME@host: read the password from a file, or with - from stdin',
    )
    .helpOption('-h, --help', 'say how it is used')
    .exitOverride();
}

function withMoveOptions(command: Command): Command {
  return withConnectOptions(command)
    .option('-r, --recursive', 'folders, with all that is in them')
    .option(
      '--existing <POLICY>',
      'files that are there: fail (default; the rest goes on), skip, overwrite, newer, size-differs, content-differs, resume, keep-both',
    )
    .option('--overwrite', 'the same as --existing overwrite')
    .option('--skip', 'the same as --existing skip')
    .option('--allow-empty', 'with overwrite: also replace what is not empty by an empty file')
    .option('--owners', 'keep whom files belong to, by names (where the receiving side runs as root)')
    .option('--strict', 'what cannot be kept of a file or folder counts as a failure')
    .option('--detach', 'only add it to the queue, which moves it in the background')
    .option('--paused', 'with --detach: wait there for ferry queue resume')
    .option('--priority <1-5>', 'with --detach: 5 goes first (default: 3)')
    .option('--json', 'one JSON object per event on stdout');
}

/** The actions of `ferry queue` that want jobs. */
const queueActions = {
  pause: 'Let jobs stand; --all: nothing moves until resume --all.',
  resume: 'Let paused jobs go on.',
  cancel: 'End jobs for good; what is not complete is removed.',
  retry: 'Try again what failed.',
  overwrite: 'Try again what failed, replacing files that are there.',
  top: 'Put jobs first.',
  up: 'Move jobs one place up.',
  down: 'Move jobs one place down.',
} as const;

function addQueue(program: Command, done: (code: number) => void): void {
  const queue = program
    .command('queue')
    .description('List and steer the jobs that all ferrys of this user share.')
    .option('--json', 'one JSON object per job on stdout')
    .helpOption('-h, --help', 'say how it is used')
    .addHelpText('after', queueHelp)
    .exitOverride()
    .action(async () => {
      const { listQueue } = await import('./queue.ts');
      done(listQueue(queue.opts()));
    });
  const sub = (name: string, description: string): Command =>
    queue.command(name).description(description).exitOverride().allowExcessArguments(false);
  sub('list', 'List all jobs, in order (the same as ferry queue).')
    .option('--json', 'one JSON object per job on stdout')
    .action(async (_options: object, command: Command) => {
      const { listQueue } = await import('./queue.ts');
      done(listQueue(command.optsWithGlobals()));
    });
  for (const [name, description] of Object.entries(queueActions)) {
    const action = name as keyof typeof queueActions;
    sub(name, description)
      .argument('[IDS...]', 'numbers of jobs, as ferry queue lists them')
      .option('--all', 'all jobs')
      .action(async (ids: string[], options: { all?: boolean }) => {
        const { askQueue } = await import('./queue.ts');
        done(askQueue(action, ids, options));
      });
  }
  for (const [name, value, description] of [
    ['priority', '<1-5>', 'Give jobs a priority: 5 goes first, 3 is usual.'],
    ['limit', '<RATE>', 'Let jobs take at most so many bytes per second: 512k, 10M, or off.'],
  ] as const) {
    sub(name, description)
      .argument(value)
      .argument('[IDS...]', 'numbers of jobs, as ferry queue lists them')
      .option('--all', 'all jobs')
      .action(async (text: string, ids: string[], options: { all?: boolean }) => {
        const { limitJobs, rankJobs } = await import('./queue.ts');
        done((name === 'priority' ? rankJobs : limitJobs)(text, ids, options));
      });
  }
  sub('limits', 'Show or set how much all jobs together may take.')
    .option('--up <RATE>', 'bytes per second: 512k, 10M, or off')
    .option('--down <RATE>', 'bytes per second')
    .option('--timetable <TEXT>', "times and rates: '08:00 512k 18:00 off'; '' for none")
    .action(async (options: object) => {
      const { limitQueue } = await import('./queue.ts');
      done(limitQueue(options));
    });
  sub('clear', 'Forget jobs that are over: all, or these.')
    .argument('[IDS...]', 'numbers of jobs, as ferry queue lists them')
    .action(async (ids: string[]) => {
      const { clearQueue } = await import('./queue.ts');
      done(clearQueue(ids));
    });
  sub('run', 'Move what is in the queue until nothing is left, unless another ferry does.').action(
    async () => {
      const { runQueue } = await import('./queue-run.ts');
      done(await runQueue());
    },
  );
}

function makeProgram(done: (code: number) => void): Command {
  const program = withConnectOptions(new Command('ferry'))
    .description('Browses a ferry server and moves files to and from it, encrypted and verified.')
    .version(packageJson.version)
    .argument(
      '[ADDRESS]',
      'ferry://HOST[:PORT][/PATH], an invite, or the name of a saved server (default: choose one)',
    )
    .argument('[LOCAL_DIR]', 'the folder on your side (default: the current one)')
    .option('--show-activity', 'let others on the server see your folder there and what you move')
    .option('--keys <PRESET>', "the browser's keys: mc (default), vim, termscp, desktop")
    .addHelpText('after', help)
    .allowExcessArguments(false)
    .action(async (address: string | undefined, local: string | undefined, options: object) => {
      if (address === undefined) {
        if (!process.stdin.isTTY || !process.stdout.isTTY) {
          program.outputHelp({ error: true });
          throw new FerryError(Code.USAGE, 'give the address of a server, or an invite');
        }
        const { choose } = await import('./choose.ts');
        done(await choose(options));
        return;
      }
      const target = isAddress(address) ? address : (await import('./choose.ts')).savedAddress(address);
      if (target === undefined) {
        throw new FerryError(
          Code.USAGE,
          `${show(address)} is neither a command nor an address (those begin with ferry://) nor a saved server`,
        );
      }
      const { browse } = await import('./browse.ts');
      done(await browse(target, local, options));
    });
  withConnectOptions(program.command('ls'))
    .description('List a folder on a server.')
    .argument('<ADDRESS/PATH>')
    .option('-l, --long', 'permissions, size and time too')
    .option('-a, --all', 'hidden files too')
    .option('--json', 'one JSON object per entry')
    .action(async (address: string, _options: object, command: Command) => {
      const { ls } = await import('./ls.ts');
      done(await ls(address, command.optsWithGlobals()));
    });
  withMoveOptions(program.command('get'))
    .description('Download files and folders.')
    .argument(
      '<PATHS...>',
      'ADDRESS/PATH... [LOCAL]: what to get, and where to put it (default: the current folder)',
    )
    .option(
      '--as <FORMAT>',
      'a folder as one archive, made by the server: tar, tar.gz or tar.zst; LOCAL may be -',
    )
    .addHelpText('after', getHelp)
    .action(async (args: string[], options: { as?: string }, command: Command) => {
      if (options.as !== undefined) {
        const { getArchive } = await import('./archive.ts');
        done(await getArchive(args, command.optsWithGlobals()));
        return;
      }
      const { get } = await import('./move.ts');
      done(await get(args, command.optsWithGlobals()));
    });
  withMoveOptions(program.command('put'))
    .description('Upload files and folders.')
    .argument('<PATHS...>', 'LOCAL... ADDRESS/PATH: what to put, and where')
    .addHelpText('after', putHelp)
    .action(async (args: string[], _options: object, command: Command) => {
      const { put } = await import('./move.ts');
      done(await put(args, command.optsWithGlobals()));
    });
  addServerCommands({ program, withConnectOptions, done });
  addQueue(program, done);
  const servers = program
    .command('servers')
    .description('List the servers whose identity you have accepted.')
    .exitOverride()
    .action(async () => {
      const { listServers } = await import('./servers.ts');
      done(listServers());
    });
  servers
    .command('forget <HOST:PORT>')
    .description('Forget an identity; the next contact asks again.')
    .exitOverride()
    .action(async (where: string) => {
      const { forgetServer } = await import('./servers.ts');
      done(forgetServer(where));
    });
  program
    .command('trust <HOST:PORT>')
    .description('Trust a server whose identity is new or has changed, if it is the one its owner sees.')
    .option('--pin <FINGERPRINT>', 'what its owner sees; asked for otherwise')
    .exitOverride()
    .action(async (where: string, _options: object, command: Command) => {
      const { trustServer } = await import('./servers.ts');
      done(await trustServer(where, command.optsWithGlobals()));
    });
  program
    .command('doctor')
    .description('Look at this setup and say what is weak about it: files, terminal, system.')
    .option('--json', 'one JSON object for each line')
    .exitOverride()
    .action(async (_options: object, command: Command) => {
      const { doctor } = await import('./doctor.ts');
      done(doctor(command.optsWithGlobals()));
    });
  program
    .command('help')
    .argument('[TOPIC]', 'a command, or exit-codes')
    .description('Say more about a command, or about exit codes.')
    .exitOverride()
    .action((topic: string | undefined) => {
      if (topic === 'exit-codes') {
        process.stdout.write(`${exitCodeHelp}\n`);
        return;
      }
      const command = program.commands.find((one) => one.name() === topic);
      (command ?? program).outputHelp();
    });
  return program;
}
