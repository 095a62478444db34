/** `ferry admin`: its subcommands and their options. Part of command-line.ts. */

import type { Command } from 'commander';
import type { AddTo } from './server-commands.ts';

const help = `
Examples:
  ferry admin users ferry://host                        who has an account
  ferry admin invite ferry://host --role reader         a line for somebody new
  ferry admin set ferry://host anna --quota 20G --rule private=none
  ferry admin kick ferry://host anna                    end her connections; she may come back
  ferry admin revoke ferry://host anna                  her devices, invites and shares are worthless at once
  ferry admin devices ferry://host --remove 3f2a

For owners of all that a server shares. Roles, rules and bounds are those of ferryd user, which is typed on the server itself.`;

export function addAdminCommands({ program, withConnectOptions, done }: AddTo): void {
  const admin = program
    .command('admin')
    .description('Look after the accounts of a server: for its owners.')
    .addHelpText('after', help)
    .helpOption('-h, --help', 'say how it is used')
    .exitOverride();
  const json = ['--json', 'JSON on stdout'] as const;
  const command = (name: string, description: string): Command =>
    withConnectOptions(admin.command(name)).description(description).argument('<ADDRESS>');
  const rule = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
  const withSettings = (of: Command): Command =>
    of
      .option('--role <ROLE>', 'owner, writer, reader or uploader')
      .option('--path <SUB>', 'the folder in the shared one that they see, instead of all')
      .option('--rule <FOLDER=RIGHTS>', 'other rights for one folder; may be given several times', rule);
  const withBounds = (of: Command): Command =>
    of
      .option('--expires <TIME>', 'nobody gets in after this long: 12h, 30d')
      .option('--quota <SIZE>', 'how much their folder may hold: 500M, 20G, none')
      .option('--quota-files <N>', 'how many files, folders and links; or none')
      .option('--down <RATE>', 'bytes a second to all their devices together: 5M, none')
      .option('--up <RATE>', 'bytes a second from them')
      .option('--trash <on|off>', 'whether what they overwrite goes to their trash')
      .option('--key <FILE>', 'an OpenSSH public key that lets them in, of type ed25519');
  const lists = {
    users: 'Show all accounts.',
    devices: 'Show the devices that get in by their key.',
    invites: 'Show the invites that somebody can still use.',
    sessions: 'Show who is connected.',
  } as const;
  for (const what of Object.keys(lists) as (keyof typeof lists)[]) {
    const list = command(what, lists[what]).option(...json);
    if (what === 'devices') list.option('--remove <DEVICE>', 'forget one; its connections end at once');
    if (what === 'invites') list.option('--remove <INVITE>', 'make one worthless');
    list.action(async (address: string, _options: object, self: Command) => {
      const { listAdmin } = await import('./admin.ts');
      done(await listAdmin(what, address, self.optsWithGlobals()));
    });
  }
  for (const verb of ['add', 'set'] as const) {
    const isNew = verb === 'add';
    const one = withBounds(
      withSettings(command(verb, isNew ? 'Make an account (default: a writer).' : 'Change an account.')),
    ).argument('<NAME>');
    if (!isNew) one.option('--no-rules', 'no rules for single folders any more');
    one.option(...json).action(async (address: string, name: string, _options: object, self: Command) => {
      const { setAdmin } = await import('./admin.ts');
      done(await setAdmin(isNew, address, name, self.optsWithGlobals()));
    });
  }
  withSettings(command('invite', 'Make a line that lets somebody in.'))
    .option('--user <NAME>', 'the account that it is for (default: a new one)')
    .option('--expires <TIME>', 'worthless after this long: 30m, 72h (default), 7d')
    .option('--uses <N>', 'devices that it lets in (default: 1)')
    .option('--address <HOST:PORT>', 'how they reach the server (default: as you do)')
    .option(...json)
    .action(async (address: string, _options: object, self: Command) => {
      const { inviteAdmin } = await import('./admin.ts');
      done(await inviteAdmin(address, self.optsWithGlobals()));
    });
  const ends = {
    kick: 'End all connections of an account; they may come back.',
    revoke: 'Forget all devices, invites, shares and the password of an account.',
    remove: 'Remove an account.',
  } as const;
  for (const what of Object.keys(ends) as (keyof typeof ends)[]) {
    command(what, ends[what])
      .argument('<NAME>')
      .option(...json)
      .action(async (address: string, name: string, _options: object, self: Command) => {
        const { endAdmin } = await import('./admin.ts');
        done(await endAdmin(what, address, name, self.optsWithGlobals()));
      });
  }
}
