/** `ferryd user`, `invite`, `invites`, `devices`, `status`, `kick`: their options and which function each runs. Main thread. */

import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { Code, FerryError } from '@ferry/protocol';
import type { Command } from 'commander';
import { type SettingsOptions, settingsFrom } from '../access/settings.ts';
import { type BusOptions, busFrom } from '../bus/bus-options.ts';
import { parseCount, parseDuration, placesOf } from '../config.ts';
import { screenEndsServer } from '../exit-code.ts';
import type { InviteLineOrder } from './invite.ts';
import type { OwnersDesk } from './owners-desk.ts';
import type { UserOptions } from './user.ts';

const mostUses = 1_000_000;
/** As Linux has it. */
const mostPid = 2 ** 22;

const inviteHelp = `
Examples:
  ferryd invite                                  for one person, an account of their own
  ferryd invite --user anna --role reader        Anna may look and download
  ferryd invite --role uploader --path inbox     somebody may put files into inbox, and see nothing
  ferryd invite --path photos/2026 --uses 20     twenty devices, one account, one folder
  ferryd invite --expires 7d --address files.example.org:7377

An account that does not exist is made. Roles are those of: ferryd user --help`;

const userHelp = `
Roles:
  reader     look and download
  writer     and upload, replace, rename, delete, make folders
  uploader   a drop box: put new files in, see nothing
  owner      everything

Rules say otherwise for one folder and all below; the nearest folder's counts:
  --rule private=none --rule drafts=list,read --rule inbox=uploader
Rights: list read create overwrite rename delete mkdir share

Examples:
  ferryd user add anna --role reader --path photos
  ferryd user set anna --role writer --rule private=none --expires 30d
  ferryd user add bob --key bob.pub    he gets in with the private half: ferry ferry://bob@HOST
  ferryd user passwd anna              she gets in with a password: ferry ferry://anna@HOST
  ferryd user set anna --quota 20G --down 5M
  ferryd user revoke anna              her devices and invites are worthless at once
  ferryd user list

What is changed holds within a second for those who are connected, transfers included.`;

type InviteOptions = SettingsOptions & {
  readonly user?: string;
  readonly readOnly?: boolean;
  readonly expires: string;
  readonly uses: string;
  readonly address?: string;
  readonly dir?: string;
};

type StatusOptions = { readonly json?: boolean; readonly watch?: boolean; readonly pid?: string };
type ListOptions = { readonly json?: boolean; readonly remove?: string };

/** Opens what the commands work with, prints what came of it, and closes. */
type Run = (work: (desk: OwnersDesk) => Promise<string>) => Promise<void>;

export function addOwnersCommands(program: Command): void {
  const run: Run = (work) => runWith(program, work);
  const plain = (command: Command): Command =>
    command
      .helpOption('-h, --help', 'say how it is used')
      .helpCommand(false)
      .allowExcessArguments(false)
      .exitOverride();
  const rule = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
  const withSettings = (command: Command): Command =>
    command
      .option('--role <ROLE>', 'owner, writer, reader or uploader')
      .option('--path <SUB>', 'the folder in the shared one that they see, instead of all')
      .option('--rule <FOLDER=RIGHTS>', 'other rights for one folder; may be given several times', rule);

  const withBounds = (command: Command): Command =>
    command
      .option('--quota <SIZE>', 'how much their folder may hold: 500M, 20G, none')
      .option('--quota-files <N>', 'how many files, folders and links; or none')
      .option('--down <RATE>', 'bytes a second to all their devices together: 5M, none')
      .option('--up <RATE>', 'bytes a second from them')
      .option('--trash <on|off>', 'whether what they overwrite goes to their trash (default: on)');

  withSettings(plain(program.command('invite')))
    .description('Make a line that lets somebody in; it works at once, also beside a running server.')
    .option('--user <NAME>', 'the account that it is for (default: a new one)')
    .option('--read-only', 'the same as --role reader')
    .option('--expires <TIME>', 'worthless after this long: 30m, 72h, 7d', '72h')
    .option('--uses <N>', 'devices that it lets in', '1')
    .option('--address <HOST:PORT>', 'how they reach the server (default: where ferryd listened last)')
    .option('--dir <DIR>', 'the shared folder, to check that --path is in it')
    .addHelpText('after', inviteHelp)
    .action((options: InviteOptions) => runInvite(run, options));

  const user = plain(program.command('user'))
    .description('Look after accounts; what is changed holds at once, also beside a running server.')
    .addHelpText('after', userHelp);
  withBounds(withSettings(plain(user.command('add')).argument('<NAME>')))
    .description('make an account (default: a writer)')
    .option('--expires <TIME>', 'nobody gets in after this long: 12h, 30d')
    .option('--key <FILE>', 'a public key that lets them in: an OpenSSH one, of type ed25519')
    .action((name: string, options: UserOptions) =>
      run(async (desk) => (await users()).addUser(desk, name, options)),
    );
  plain(user.command('passwd').argument('<NAME>'))
    .description('set the password for logging in from new devices; asks for it, or reads a line from stdin')
    .option('--none', 'no password any more')
    .action((name: string, { none = false }: { none?: boolean }) =>
      run(async (desk) => (await users()).setPassword(desk, name, none)),
    );
  plain(user.command('list'))
    .description('show all accounts')
    .option('--json', 'as one JSON array')
    .action(({ json = false }: ListOptions) => run(async (desk) => (await users()).listUsers(desk, json)));
  withBounds(withSettings(plain(user.command('set')).argument('<NAME>')))
    .description('change an account')
    .option('--no-rules', 'no rules for single folders any more')
    .option('--key <FILE>', 'one more public key that lets them in')
    .option('--expires <TIME>', 'nobody gets in after this long: 12h, 30d, never')
    .action((name: string, { rules, ...options }: UserOptions & { rules: boolean }) =>
      run(async (desk) => (await users()).setUser(desk, name, options, !rules)),
    );
  plain(user.command('remove').argument('<NAME>'))
    .description('remove an account, its devices and invites')
    .action((name: string) => run(async (desk) => (await users()).removeUser(desk, name)));
  plain(user.command('revoke').argument('<NAME>'))
    .description('forget all devices, invites and the password of an account, and keep its settings')
    .action((name: string) => run(async (desk) => (await users()).revokeUser(desk, name)));

  plain(program.command('invites'))
    .description('Show the invites that somebody can still use.')
    .option('--remove <INVITE>', 'make one worthless')
    .option('--json', 'as one JSON array')
    .action(({ json = false, remove }: ListOptions) =>
      run(async (desk) =>
        remove === undefined
          ? (await users()).listInvites(desk, json)
          : (await users()).removeInvite(desk, remove),
      ),
    );
  plain(program.command('devices'))
    .description('Show the devices that get in by their key.')
    .option('--remove <DEVICE>', 'forget one; its connections end at once')
    .option('--json', 'as one JSON array')
    .action(({ json = false, remove }: ListOptions) =>
      run(async (desk) =>
        remove === undefined
          ? (await users()).listDevices(desk, json)
          : (await users()).removeDevice(desk, remove),
      ),
    );
  plain(program.command('shares'))
    .description('Show what people with accounts share with others.')
    .option('--remove <SHARE>', 'end one; who uses it is out at once')
    .option('--json', 'as one JSON array')
    .action(({ json = false, remove }: ListOptions) => runShares(run, json, remove));
  plain(program.command('status'))
    .description('Show what this user’s servers do now: who is connected, what moves, who is kept out.')
    .option('--json', 'as one JSON array')
    .option('--watch', 'a screen that shows it as it changes, with keys to close, limit and tell')
    .option('--pid <N>', 'with --watch: the server with this process number alone')
    .action(async (_options: object, command: Command) => {
      // ferryd itself has a --watch as well, and takes it wherever it stands.
      const { json = false, watch = false, pid } = command.optsWithGlobals<StatusOptions>();
      if (watch) {
        const { watchServers } = await import('../screen/watch.ts');
        const only = pid === undefined ? undefined : parseCount('--pid', pid, mostPid);
        const places = placesOf(process.env, homedir());
        const left = await watchServers({ places, pid: only, env: process.env });
        if (left === 'never-there') throw new FerryError(Code.NOT_FOUND, 'there is no such server');
        process.exit(left === 'all' && only !== undefined ? screenEndsServer : 0);
      }
      const { status } = await import('./status.ts');
      process.stdout.write(await status(placesOf(process.env, homedir()), json));
    });
  plain(program.command('kick').argument('<NAME>'))
    .description(
      'End all connections of an account now; they may come back. "guest" are those without an account.',
    )
    .action((name: string) => run(async (desk) => (await users()).kickUser(desk, name)));
}

const users = (): Promise<typeof import('./user.ts')> => import('./user.ts');

/** @param program whose options say whether there is a bus */
async function runWith(program: Command, work: Parameters<Run>[0]): Promise<void> {
  const { openOwnersDesk } = await import('./owners-desk.ts');
  const bus = busFrom(program.opts<BusOptions>());
  const desk = await openOwnersDesk(placesOf(process.env, homedir()), bus);
  try {
    process.stdout.write(await work(desk));
  } finally {
    await desk.close();
  }
}

async function runShares(run: Run, json: boolean, remove: string | undefined): Promise<void> {
  const { listShares, removeShare } = await import('./shares.ts');
  await run(async ({ shares, changes }) => {
    const nowMs = Date.now();
    return remove === undefined
      ? listShares(shares, json, nowMs)
      : removeShare(shares, changes, remove, nowMs);
  });
}

async function runInvite(run: Run, { expires, uses, ...options }: InviteOptions): Promise<void> {
  const { user, readOnly, role, path, rule, address, dir } = options;
  if (readOnly === true && role !== undefined && role !== 'reader') {
    throw new FerryError(Code.USAGE, '--read-only is the same as --role reader: leave one of them out');
  }
  const order: InviteLineOrder = {
    user,
    settings: settingsFrom(
      {
        ...(readOnly === true ? { role: 'reader' } : role === undefined ? {} : { role }),
        ...(path === undefined ? {} : { path }),
        ...(rule === undefined ? {} : { rule }),
      },
      Date.now(),
    ),
    expiresMs: parseDuration('--expires', expires),
    uses: parseCount('--uses', uses, mostUses),
    address,
    folder: dir === undefined ? undefined : resolve(dir),
  };
  const { guestsAddress, makeInvite } = await import('./invite.ts');
  const places = placesOf(process.env, homedir());
  const where = guestsAddress(order, places);
  await run(async ({ changes }) => `ferry ${await makeInvite(order, where, places, changes)}\n`);
}
