/** The commands that work on the server's files where they lie. Part of command-line.ts; each command is loaded when it is used. */

import type { Command } from 'commander';
import { addAdminCommands } from './admin-commands.ts';

export type AddTo = {
  readonly program: Command;
  readonly withConnectOptions: (command: Command) => Command;
  /** Takes the exit code. */
  readonly done: (code: number) => void;
};

const jsonEvents = 'one JSON object per event on stdout';

export function addServerCommands(at: AddTo): void {
  addTrees(at);
  addEntries(at);
  addSurvey(at);
  addTrash(at);
  addUnpack(at);
  addShares(at);
  addChat(at);
  addWho(at);
  addAdminCommands(at);
}

const chatHelp = `
Examples:
  ferry chat ferry://host                          which rooms there are
  ferry chat ferry://host --room crew              talk there; Ctrl+D leaves
  ferry chat ferry://host --to anna                talk with one person alone
  ferry chat ferry://host --room crew --encrypted  a room that only those with its passphrase can read
  echo done | ferry chat ferry://host --room crew --attach films/a.mov
  ferry chat ferry://host --room crew --json --follow < /dev/null

A room is made by whoever enters it first. The passphrase is asked for, or taken from FERRY_ROOM_PASSPHRASE.`;

function addChat({ program, withConnectOptions, done }: AddTo): void {
  withConnectOptions(program.command('chat'))
    .description('Talk with others on a server: lines from stdin are said, what others say is printed.')
    .argument('<ADDRESS>')
    .option('--room <NAME>', 'the room to enter (without: list them)')
    .option('--to <ACCOUNT>', 'somebody to talk with alone')
    .option('-e, --encrypted', 'the room has a passphrase, without which nobody can read it, nor the server')
    .option('--attach <PATH>', 'a path on the server that goes with the first line')
    .option('-f, --follow', 'go on printing when stdin has ended')
    .option('--json', jsonEvents)
    .addHelpText('after', chatHelp)
    .action(async (address: string, _options: object, command: Command) => {
      const { chat } = await import('./chat.ts');
      done(await chat(address, command.optsWithGlobals()));
    });
}

function addWho({ program, withConnectOptions, done }: AddTo): void {
  withConnectOptions(program.command('who'))
    .description('List who else is on a server; what they do only where they let others see it.')
    .argument('<ADDRESS>')
    .option('--json', 'one JSON object per person on stdout')
    .action(async (address: string, _options: object, command: Command) => {
      const { who } = await import('./who.ts');
      done(await who(address, command.optsWithGlobals()));
    });
}

function addTrees({ program, withConnectOptions, done }: AddTo): void {
  const graft = (name: 'cp' | 'mv', description: string, paths: string): Command =>
    withConnectOptions(program.command(name))
      .description(description)
      .argument('<PATHS...>', paths)
      .option('--existing <POLICY>', 'what is there: fail (default), skip, overwrite; folders are joined')
      .option('--overwrite', 'the same as --existing overwrite')
      .option('--skip', 'the same as --existing skip')
      .option('--json', jsonEvents);
  graft(
    'cp',
    'Copy files and folders inside of a server, or from one to another.',
    'ADDRESS/PATH... ADDRESS/PATH: what, and where to',
  )
    .option('-r, --recursive', 'folders, with all that is in them')
    .action(async (args: string[], _options: object, command: Command) => {
      const { isBetween, relay } = await import('./relay.ts');
      const { cp } = await import('./trees.ts');
      done(await (isBetween(args) ? relay : cp)(args, command.optsWithGlobals()));
    });
  graft(
    'mv',
    'Move or rename files and folders inside of the server.',
    'ADDRESS/PATH... ADDRESS/PATH: what, and where to',
  ).action(async (args: string[], _options: object, command: Command) => {
    const { mv } = await import('./trees.ts');
    done(await mv(args, command.optsWithGlobals()));
  });
  withConnectOptions(program.command('rm'))
    .description('Delete files and folders on the server; ferry trash has them back.')
    .argument('<PATHS...>', 'ADDRESS/PATH...')
    .option('-r, --recursive', 'folders, with all that is in them')
    .option('--for-good', 'not into the trash: they are gone')
    .option('--json', jsonEvents)
    .action(async (args: string[], _options: object, command: Command) => {
      const { rm } = await import('./trees.ts');
      done(await rm(args, command.optsWithGlobals()));
    });
}

function addEntries({ program, withConnectOptions, done }: AddTo): void {
  withConnectOptions(program.command('mkdir'))
    .description('Make folders on the server.')
    .argument('<PATHS...>', 'ADDRESS/PATH...')
    .option('-p, --parents', 'with the folders above; one that is there is fine')
    .option('--json', jsonEvents)
    .action(async (args: string[], _options: object, command: Command) => {
      const { makeFolders } = await import('./entries.ts');
      done(await makeFolders(args, command.optsWithGlobals()));
    });
  withConnectOptions(program.command('chmod'))
    .description('Set the permissions of files and folders on the server.')
    .argument('<MODE>', 'octal digits, for example 640')
    .argument('<PATHS...>', 'ADDRESS/PATH...')
    .option('--json', jsonEvents)
    .action(async (mode: string, args: string[], _options: object, command: Command) => {
      const { changeMode } = await import('./entries.ts');
      done(await changeMode(mode, args, command.optsWithGlobals()));
    });
  withConnectOptions(program.command('ln'))
    .description('Make a symbolic link on the server.')
    .argument('<TARGET>', 'what the link holds, as seen from its folder')
    .argument('<PATH>', 'ADDRESS/PATH of the link')
    .option('-s, --symbolic', 'allowed and implied')
    .option('--json', jsonEvents)
    .action(async (target: string, place: string, _options: object, command: Command) => {
      const { link } = await import('./entries.ts');
      done(await link(target, place, command.optsWithGlobals()));
    });
  withConnectOptions(program.command('touch'))
    .description('Set the time of files on the server; make those that are not there.')
    .argument('<PATHS...>', 'ADDRESS/PATH...')
    .option('--time <TIME>', 'for example 2026-05-31T12:00 (default: now)')
    .option('--json', jsonEvents)
    .action(async (args: string[], _options: object, command: Command) => {
      const { touch } = await import('./entries.ts');
      done(await touch(args, command.optsWithGlobals()));
    });
}

const findHelp = `
Examples:
  ferry find ferry://host/films --name '*.mov' --larger 1G
  ferry find ferry://host/ --newer 7d --type file
  ferry find ferry://host/notes --containing 'low tide' -i`;

function addSurvey({ program, withConnectOptions, done }: AddTo): void {
  withConnectOptions(program.command('sum'))
    .description('Checksums of files on the server, of folders with all that is in them.')
    .argument('<PATHS...>', 'ADDRESS/PATH...')
    .option('--algorithm <NAME>', 'blake3 (default, as b3sum) or sha256')
    .option('--json', 'one JSON object per file on stdout')
    .action(async (args: string[], _options: object, command: Command) => {
      const { sumFiles } = await import('./survey.ts');
      done(await sumFiles(args, command.optsWithGlobals()));
    });
  withConnectOptions(program.command('du'))
    .description('How much is in folders on the server, the largest first.')
    .argument('<PATHS...>', 'ADDRESS/PATH...')
    .option('-s, --summarize', 'only all together')
    .option('--json', 'one JSON object per folder on stdout')
    .action(async (args: string[], _options: object, command: Command) => {
      const { diskUsage } = await import('./survey.ts');
      done(await diskUsage(args, command.optsWithGlobals()));
    });
  withConnectOptions(program.command('find'))
    .description('Search a folder on the server, with all below it. All that is given must fit.')
    .argument('<PATH>', 'ADDRESS/PATH')
    .option('--name <PATTERN>', "the whole name: '*.pdf', 'img-[0-9]?.jpg'")
    .option('-i, --ignore-case', 'capitals and small letters are one')
    .option('--type <KIND>', 'file, folder or link')
    .option('--larger <SIZE>', 'so many bytes at least: 500, 10k, 1.5M, 2G')
    .option('--smaller <SIZE>', 'so many bytes at most')
    .option('--newer <TIME>', 'changed since: 90m, 12h, 7d, 4w ago, or a date')
    .option('--older <TIME>', 'not changed since')
    .option('--containing <TEXT>', 'files with this text in a line')
    .option('--most <N>', 'stop after so many hits')
    .option('--json', 'one JSON object per hit on stdout')
    .addHelpText('after', findHelp)
    .action(async (address: string, _options: object, command: Command) => {
      const { findFiles } = await import('./survey.ts');
      done(await findFiles(address, command.optsWithGlobals()));
    });
}

const trashHelp = `
Examples:
  ferry trash list ferry://host
  ferry trash restore ferry://host 3f2a91c0
  ferry trash empty --all ferry://host

What is deleted or overwritten stays for 30 days, as long as it is less than a tenth of the disk; the oldest goes first.
Restoring what was overwritten puts it in the place of the version that is there, which goes to the trash in turn.`;

function addTrash({ program, withConnectOptions, done }: AddTo): void {
  const trash = program
    .command('trash')
    .description('List, restore and remove for good what you deleted or overwrote on a server.')
    .addHelpText('after', trashHelp)
    .helpOption('-h, --help', 'say how it is used')
    .exitOverride();
  withConnectOptions(trash.command('list'))
    .description('What can be had back, the newest first.')
    .argument('<ADDRESS>')
    .option('--json', 'one JSON object per deletion on stdout')
    .action(async (address: string, _options: object, command: Command) => {
      const { showTrash } = await import('./trash.ts');
      done(await showTrash(address, command.optsWithGlobals()));
    });
  withConnectOptions(trash.command('restore'))
    .description('Put deletions back to where they were.')
    .argument('<ADDRESS>')
    .argument('<IDS...>', 'as ferry trash list shows them')
    .option('--to <ADDRESS/PATH>', 'to another place')
    .option('--json', jsonEvents)
    .action(async (address: string, ids: string[], _options: object, command: Command) => {
      const { restoreTrash } = await import('./trash.ts');
      done(await restoreTrash(address, ids, command.optsWithGlobals()));
    });
  withConnectOptions(trash.command('empty'))
    .description('Remove deletions for good.')
    .argument('<ADDRESS>')
    .argument('[IDS...]', 'as ferry trash list shows them')
    .option('--all', 'all of them')
    .option('--json', jsonEvents)
    .action(async (address: string, ids: string[], _options: object, command: Command) => {
      const { clearTrash } = await import('./trash.ts');
      done(await clearTrash(address, ids, command.optsWithGlobals()));
    });
}

function addUnpack({ program, withConnectOptions, done }: AddTo): void {
  withConnectOptions(program.command('unpack'))
    .description('Unpack an archive that lies on the server (tar, tar.gz, tar.zst) into a new folder there.')
    .argument('<ADDRESS/ARCHIVE>')
    .argument('[ADDRESS/FOLDER]', 'default: beside it, under its name')
    .option('--json', jsonEvents)
    .action(async (from: string, to: string | undefined, _options: object, command: Command) => {
      const { unpackArchive } = await import('./archive.ts');
      done(await unpackArchive(to === undefined ? [from] : [from, to], command.optsWithGlobals()));
    });
}

const shareHelp = `
Examples:
  ferry share ferry://host/films/a.mov --until 3d --downloads 1
  ferry share ferry://host/photos ferry://host/notes.pdf
  ferry share --drop-box ferry://host/inbox          others put files in, and see nothing

It prints a line to give away. Whoever has it needs no account: ferry with that line browses what is shared, ferry get
downloads it. What others may do is never more than you may, and ends when you lose the right yourself.`;

function addShares({ program, withConnectOptions, done }: AddTo): void {
  withConnectOptions(program.command('share'))
    .description('Let others have files and folders of the server, or put some there, without an account.')
    .argument('<PATHS...>', 'ADDRESS/PATH...')
    .option('--until <TIME>', 'how long: 90m, 12h, 7d (default), 4w, or a date')
    .option('--downloads <N>', 'how often each file may be downloaded whole, and how many devices get in')
    .option('--drop-box', 'one folder, to put new files into')
    .option('--address <HOST:PORT>', 'how others reach the server (default: as you do)')
    .option('--json', jsonEvents)
    .addHelpText('after', shareHelp)
    .action(async (args: string[], _options: object, command: Command) => {
      const { shareFiles } = await import('./share.ts');
      done(await shareFiles(args, command.optsWithGlobals()));
    });
  withConnectOptions(program.command('shares'))
    .description('What you share on a server, and how often it was downloaded.')
    .argument('<ADDRESS>')
    .option('--json', 'one JSON object per share on stdout')
    .action(async (address: string, _options: object, command: Command) => {
      const { listOwnShares } = await import('./share.ts');
      done(await listOwnShares(address, command.optsWithGlobals()));
    });
  withConnectOptions(program.command('unshare'))
    .description('End shares; who uses them is out at once.')
    .argument('<ADDRESS>')
    .argument('<IDS...>', 'as ferry shares shows them')
    .option('--json', jsonEvents)
    .action(async (address: string, ids: string[], _options: object, command: Command) => {
      const { endShares } = await import('./share.ts');
      done(await endShares(address, ids, command.optsWithGlobals()));
    });
}
