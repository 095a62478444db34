/**
 * Every action as data: its usual keys, how it is called, what it is for, and why it may not be available now. Which keys hold
 * is made from this table (keymap/resolve), as are help, footer and the tables in README and docs/guide. Pure; UI thread.
 */

import type { Priority } from '../engine/job.ts';
import type { ServerAction } from '../state/server-work.ts';
import type { ShareAction } from '../state/shares.ts';
import type { AppState } from '../state/state.ts';
import type { ChatAction } from '../state/update-chat.ts';
import type { ConflictPolicy } from '../transfer/conflict.ts';
import { type Binding, bind } from './binding.ts';
import { chatBindings } from './chat-keys.ts';
import { listBindings, walking } from './list-keys.ts';
import { arranging, finding, marking, places, sorting } from './pane-keys.ts';
import {
  cannotChange,
  cannotCopy,
  cannotFind,
  cannotMove,
  cannotUndo,
  cannotWork,
  noJob,
  notConnected,
} from './unavailable.ts';
import { type ViewerAction, viewerBindings } from './viewer-keys.ts';

export type Action =
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'first'
  | 'last'
  | 'open'
  | 'view'
  | 'edit'
  | 'preview'
  | ViewerAction
  | 'parent'
  | 'switch'
  | 'queue'
  | 'panes'
  | 'mark'
  | 'mark-up'
  | 'mark-down'
  | 'mark-page-up'
  | 'mark-page-down'
  | 'mark-first'
  | 'mark-last'
  | 'mark-pattern'
  | 'unmark-pattern'
  | 'invert'
  | 'mark-all'
  | 'unmark'
  | 'help'
  | 'copy'
  | 'mkdir'
  | 'rename'
  | 'delete'
  | ServerAction
  | ShareAction
  | ChatAction
  | 'refresh'
  | 'sort-name'
  | 'sort-size'
  | 'sort-bytes'
  | 'sort-extension'
  | 'sort-modified'
  | 'sort-permissions'
  | 'sort-reverse'
  | 'folders-first'
  | 'filter'
  | 'jump'
  | 'back'
  | 'forward'
  | 'bookmark'
  | 'places'
  | 'forget'
  | 'go-to-path'
  | 'complete'
  | 'same-folder'
  | 'synchronised'
  | 'connect'
  | 'this-machine'
  | 'compare'
  | 'move'
  | 'copy-path'
  | 'size'
  | 'info'
  | 'permissions'
  | 'split-left'
  | 'split-right'
  | 'split-even'
  | 'swap'
  | 'zoom'
  | 'columns'
  | 'theme'
  | 'tab-new'
  | 'tab-close'
  | 'tab-next'
  | 'tab-previous'
  | 'mouse'
  | 'hidden'
  | 'pause-job'
  | 'cancel-job'
  | 'retry-job'
  | 'retry-all'
  | 'job-top'
  | 'job-up'
  | 'job-down'
  | `priority-${Priority}`
  | `choose-${Exclude<ConflictPolicy, 'ask' | 'fail'>}`
  | 'choose-save-as'
  | 'choose-difference'
  | 'choose-keep'
  | 'next-scope'
  | 'previous-scope'
  | 'limit-job'
  | 'limit-all'
  | 'next-view'
  | 'overwrite-job'
  | 'job-details'
  | 'clear-jobs'
  | 'pause-all'
  | 'quit'
  | 'yes'
  | 'no'
  | 'accept'
  | 'erase'
  | 'erase-forward'
  | 'erase-word'
  | 'erase-line'
  | 'left'
  | 'right'
  | 'people'
  | 'show-activity'
  | 'redraw'
  | 'suspend';

/** Who has the keyboard; decided by the state alone. */
export type Layer =
  | 'pane'
  | 'filter'
  | 'jump'
  | 'queue'
  | 'viewer'
  | 'question'
  | 'conflict'
  | 'changed'
  | 'busy'
  | 'prompt'
  | 'palette'
  | 'places'
  | 'chat'
  | 'shares'
  | 'shared'
  | 'trash'
  | 'people'
  | 'reading';

const pauseAll = bind('pause-all', ['P'], 'Pause all', 'let nothing move, or let all go on');

const always: readonly Binding[] = [
  bind('help', ['f1', '?', 'f9', 'C-p', ':'], 'Help', 'all actions with their keys, to search and run'),
  bind('quit', ['f10', 'q', 'C-c'], 'Quit', 'leave; asks while jobs run'),
  bind('redraw', ['C-l'], 'Redraw', 'draw the whole screen again'),
  bind('suspend', ['C-z'], 'Suspend', 'back to the shell; fg comes back here'),
];

/** Typing a line. */
export const editing: readonly Binding[] = [
  bind('erase', ['backspace'], 'Erase', 'the character before the cursor'),
  bind('erase-forward', ['delete'], 'Erase', 'the character under the cursor'),
  bind('erase-word', ['C-w', 'M-backspace'], 'Erase word', 'the word before the cursor'),
  bind('erase-line', ['C-u'], 'Erase line', 'all before the cursor'),
  bind('left', ['left'], 'Left', 'one character to the left'),
  bind('right', ['right'], 'Right', 'one character to the right'),
  bind('first', ['home', 'C-a'], 'Home', 'to the beginning'),
  bind('last', ['end', 'C-e'], 'End', 'to the end'),
];

export type { Binding } from './binding.ts';
export { walking };

export const bindings: Readonly<Record<Layer, readonly Binding[]>> = {
  pane: [
    ...walking,
    bind('open', ['enter', 'right', 'C-pagedown'], 'Open', 'open the folder or file under the cursor'),
    bind('view', ['f3'], 'View', 'look at the file under the cursor'),
    bind(
      'edit',
      ['f4', 'e'],
      'Edit',
      'open the file in $VISUAL or $EDITOR, and save what changed',
      cannotChange,
    ),
    bind('preview', ['p', 'C-x q'], 'Preview', 'show what is under the cursor in place of the other pane'),
    bind('parent', ['left', 'backspace', 'C-pageup'], 'Parent', 'go to the folder above'),
    bind('switch', ['tab'], 'Other side', 'go to the other pane'),
    bind('mark', ['space', 'insert'], 'Mark', 'mark or unmark, and go down'),
    bind('copy', ['f5'], 'Copy', 'queue the marked entries, or this one, for the other side', cannotCopy),
    bind(
      'move',
      ['f6'],
      'Move',
      'to the folder on the other side, or wherever is typed, in the same place',
      cannotMove,
    ),
    bind('rename', ['f2', 'r'], 'Rename', 'give another name', cannotChange),
    bind('mkdir', ['f7'], 'MkDir', 'make a folder', cannotChange),
    bind(
      'delete',
      ['f8', 'delete'],
      'Delete',
      'delete the marked entries, after a question; on the server into the trash',
      cannotChange,
    ),
    bind(
      'delete-for-good',
      ['S-f8'],
      'For good',
      'delete without the trash, after a typed word',
      cannotChange,
    ),
    bind(
      'undo-delete',
      ['u'],
      'Undo',
      'take back what was deleted, overwritten, renamed, moved or copied last; after that: the trash',
      cannotUndo,
    ),
    bind(
      'trash',
      ['U'],
      'Trash',
      'what was deleted or overwritten on the server, to bring it back',
      cannotFind,
    ),
    bind('copy-there', ['S-f5'], 'Copy there', 'copy to another place of the server', cannotWork),
    bind('move-there', ['S-f6'], 'Move there', 'move to another place of the server', cannotWork),
    bind('unpack', ['E'], 'Unpack', 'an archive on its server, into a new folder there', cannotWork),
    bind('stop-work', ['X'], 'Stop', 'end what is being copied, moved, deleted or found there'),
    bind('permissions', ['m', 'C-x c'], 'Permissions', 'change who may read and write', cannotChange),
    bind('info', ['i', 'C-x i'], 'Info', 'what is known of the entry under the cursor'),
    bind('size', ['C-space'], 'Size', 'count what is in folders'),
    bind('copy-path', ['y', 'C-x p'], 'Copy path', 'into the clipboard of the terminal'),
    ...marking,
    ...finding,
    bind('find', ['F', 'M-?'], 'Find', 'find on the server, by name and by text', cannotFind),
    bind('share', ['S s'], 'Share', 'let people without an account have what is marked', cannotFind),
    bind('drop-box', ['S d'], 'Drop box', 'let people put files into this folder, unseen', cannotFind),
    bind(
      'shares',
      ['S l'],
      'My shares',
      'what I share, and how often it was downloaded; ends it',
      cannotFind,
    ),
    bind('people', ['W'], 'People', 'who else is on the server, and what they may see of you', notConnected),
    bind('chat', ['C', 'C-x t'], 'Chat', 'talk with others on the server', notConnected),
    ...places,
    ...sorting,
    ...arranging,
    bind('refresh', ['C-r'], 'Refresh', 'read the folder again'),
    bind('queue', ['w', 'S-tab', 'C-x j'], 'Queue', 'go to the queue'),
    pauseAll,
    ...always,
  ],
  queue: [
    ...walking,
    bind('pause-job', ['p'], 'Pause', 'pause the marked jobs, or this one, or let them go on', noJob),
    bind('cancel-job', ['x', 'delete', 'f8'], 'Cancel', 'cancel them, after a question', noJob),
    bind('retry-job', ['r'], 'Retry', 'try what failed again', noJob),
    bind('job-details', ['enter'], 'Details', 'what the job has done and what went wrong', noJob),
    bind('next-view', ['f'], 'Filter', 'show all jobs, active, failed or done ones', noJob),
    bind('job-top', ['t'], 'Top', 'move them before all others', noJob),
    bind('job-up', ['[', 'C-up'], 'Earlier', 'move them one place up', noJob),
    bind('job-down', [']', 'C-down'], 'Later', 'move them one place down', noJob),
    bind('priority-5', ['5'], 'Priority 5', 'priority 5: before all others', noJob),
    bind('priority-4', ['4'], 'Priority 4', 'priority 4', noJob),
    bind('priority-3', ['3'], 'Priority 3', 'priority 3, which jobs have at first', noJob),
    bind('priority-2', ['2'], 'Priority 2', 'priority 2', noJob),
    bind('priority-1', ['1'], 'Priority 1', 'priority 1: when nothing else can move', noJob),
    bind('limit-job', ['l'], 'Limit', 'most bytes a second that they may take', noJob),
    bind('limit-all', ['L'], 'Limits', 'most bytes a second of all jobs, and by the time of day'),
    pauseAll,
    bind('retry-all', ['R'], 'Retry all', 'try everything that failed again', noJob),
    bind('overwrite-job', ['o'], 'Overwrite', 'try again and replace what is there, after a question', noJob),
    bind('clear-jobs', ['c'], 'Clear', 'forget what is over; asks when something failed', noJob),
    bind('mark', ['space', 'insert'], 'Mark', 'mark or unmark, and go down'),
    bind('invert', ['*'], 'Invert', 'marked becomes unmarked and the other way round'),
    bind('mark-all', ['C-a'], 'Mark all', 'mark all jobs that are shown'),
    bind('unmark', ['escape'], 'Unmark', 'take all marks away; without any: back to the files'),
    bind('panes', ['w', 'tab', 'S-tab'], 'Files', 'back to the files'),
    ...always,
  ],
  viewer: viewerBindings,
  question: [
    bind('yes', ['y', 'enter'], 'Yes', 'do it'),
    bind('no', ['n', 'escape', 'q', 'f10', 'C-c'], 'No', 'leave it'),
  ],
  conflict: [
    bind('accept', ['enter'], 'Answer', 'take the chosen answer'),
    bind(
      'next-scope',
      ['tab', 'right'],
      'For',
      'what the answer is for: this file, the job, or all of its direction',
    ),
    bind('no', ['escape', 'q', 'f10', 'C-c'], 'Later', 'let the job wait'),
    bind('up', ['up'], 'Up', 'the answer above'),
    bind('down', ['down'], 'Down', 'the answer below'),
    bind('previous-scope', ['S-tab', 'left'], 'For less', 'the other way round'),
    bind('choose-overwrite', ['o'], 'Overwrite', 'replace what is there'),
    bind('choose-newer', ['n'], 'Newer', 'replace what is older'),
    bind('choose-size-differs', ['z'], 'Size differs', 'replace what has another size'),
    bind('choose-content-differs', ['c'], 'Content differs', 'replace what holds other bytes'),
    bind('choose-resume', ['r'], 'Resume', 'go on with what is there in part'),
    bind('choose-keep-both', ['k'], 'Keep both', 'give the new one another name'),
    bind('choose-skip', ['s'], 'Skip', 'leave what is there'),
  ],
  changed: [
    bind('accept', ['enter'], 'Answer', 'take the chosen answer'),
    bind('no', ['escape', 'q', 'f10', 'C-c'], 'Later', 'keep yours here'),
    bind('up', ['up'], 'Up', 'the answer above'),
    bind('down', ['down'], 'Down', 'the answer below'),
    bind('choose-overwrite', ['o'], 'Overwrite', 'replace what is there'),
    bind('choose-save-as', ['s'], 'Save as', 'give yours another name'),
    bind('choose-difference', ['d'], 'Difference', 'show how they differ'),
    bind('choose-keep', ['k'], 'Later', 'keep yours here'),
  ],
  busy: [bind('no', ['escape', 'q', 'f10', 'C-c'], 'Stop', 'do not wait for it')],
  prompt: [
    bind('accept', ['enter'], 'OK', 'take the line'),
    bind('no', ['escape', 'f10', 'C-c'], 'Cancel', 'leave it'),
    ...editing,
    bind('complete', ['tab'], 'Next', 'to the next line, or on with a path as far as it is clear'),
    bind('down', ['down'], 'Next', 'to the next line, where there are several'),
    bind('up', ['S-tab', 'up'], 'Previous', 'to the line before'),
  ],
  filter: [
    bind('accept', ['enter'], 'Keep', 'show on only what matches'),
    bind('no', ['escape', 'C-c'], 'Clear', 'show everything again'),
    bind('up', ['up'], 'Up', 'one row up'),
    bind('down', ['down', 'tab'], 'Down', 'one row down'),
    bind('page-up', ['pageup'], 'PgUp', 'one page up'),
    bind('page-down', ['pagedown'], 'PgDn', 'one page down'),
    ...editing,
  ],
  jump: [
    bind('jump', ['C-s'], 'Next', 'the next name that begins so'),
    bind('no', ['escape', 'C-c'], 'End', 'stay here; any other key ends it too'),
    bind('erase', ['backspace'], 'Erase', 'the last letter'),
  ],
  places: [
    bind('accept', ['enter'], 'Go', 'go there'),
    bind('forget', ['delete', 'C-d'], 'Forget', 'take it out of the list'),
    bind('no', ['escape', 'f10', 'C-c'], 'Close', 'leave it'),
    bind('up', ['up', 'C-k'], 'Up', 'one row up'),
    bind('down', ['down', 'tab', 'C-n'], 'Down', 'one row down'),
    bind('page-up', ['pageup'], 'PgUp', 'ten rows up'),
    bind('page-down', ['pagedown'], 'PgDn', 'ten rows down'),
    ...editing.filter(({ action }) => action !== 'erase-forward'),
  ],
  palette: [
    bind('accept', ['enter'], 'Do it', 'close the list and do what the cursor is on'),
    bind('no', ['escape', 'f1', 'f10', 'C-c'], 'Close', 'leave it'),
    bind('up', ['up', 'C-k'], 'Up', 'one row up'),
    bind('down', ['down', 'tab', 'C-n'], 'Down', 'one row down'),
    bind('page-up', ['pageup'], 'PgUp', 'ten rows up'),
    bind('page-down', ['pagedown'], 'PgDn', 'ten rows down'),
    ...editing,
  ],
  chat: [...chatBindings, ...editing],
  ...listBindings,
  reading: [...walking, bind('no', ['escape', 'enter', 'q', 'f1', 'f10', '?', 'C-c'], 'Close', 'back')],
};

export function layerOf({ dialog, focus, typing, viewer }: AppState): Layer {
  if (dialog === undefined)
    return viewer !== undefined ? 'viewer' : (typing?.kind ?? (focus === 'queue' ? 'queue' : 'pane'));
  const { kind } = dialog;
  return kind === 'details' || kind === 'words' || kind === 'info' || kind === 'difference'
    ? 'reading'
    : kind;
}
