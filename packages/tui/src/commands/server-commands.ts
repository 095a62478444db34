/** The commands that work on the server's files where they lie. Part of command-line.ts; each command is loaded when it is used. */

import type { Command } from 'commander';

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
    'Copy files and folders inside of the server.',
    'ADDRESS/PATH... ADDRESS/PATH: what, and where to',
  )
    .option('-r, --recursive', 'folders, with all that is in them')
    .action(async (args: string[], _options: object, command: Command) => {
      const { cp } = await import('./trees.ts');
      done(await cp(args, command.optsWithGlobals()));
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
    .description('Remove files and folders on the server.')
    .argument('<PATHS...>', 'ADDRESS/PATH...')
    .option('-r, --recursive', 'folders, with all that is in them')
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
