/** What is known of an entry, as lines to read. Pure; UI thread. */

import { EntryKind, samePath, showName, timeToMs } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { Dialog } from '../../state/dialog.ts';
import { entriesOf } from '../../state/pane.ts';
import { type AppState, placeName } from '../../state/state.ts';
import { fit } from './cells.ts';
import { modeWords } from './columns.ts';
import { wrapped } from './frame-rows.ts';
import { type Look, paint } from './style.ts';
import { moment } from './when.ts';

const kinds = {
  [EntryKind.file]: 'file',
  [EntryKind.folder]: 'folder',
  [EntryKind.symlink]: 'symbolic link',
  [EntryKind.other]: 'neither file nor folder',
};

export function infoLines(
  { side, folder, entry }: Dialog & { kind: 'info' },
  state: AppState,
  look: Look,
  width: number,
): string[] {
  // What was read again since is newer.
  const pane = state[side];
  const now = samePath(pane.path, folder)
    ? entriesOf(pane).find(({ name }) => name === entry.name)
    : undefined;
  const { name, kind, size, modified, mode } = now ?? entry;
  const counted = pane.sizes.get(name);
  const bytes = kind === EntryKind.folder ? counted : size;
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  const compared = pane.compared?.get(name);
  const facts: [string, string][] = [
    ['Name', showName(name)],
    ['In', `${placeName(state, state[side])}/${showName(folder.join('/'))}`],
    ['Kind', kinds[kind]],
    [
      'Size',
      bytes === undefined ? 'not counted' : `${bytes} bytes${bytes < 1000 ? '' : ` (${prettyBytes(bytes)})`}`,
    ],
    ['Modified', `${moment(timeToMs(modified))}.${String(modified.ns).padStart(9, '0')}`],
    ['Mode', `${modeWords(mode)} (${octal})`],
  ];
  if (compared !== undefined) facts.push(['Against', differences[compared]]);
  if (Buffer.from(Buffer.from(name, 'latin1').toString('utf8')).toString('latin1') !== name)
    facts.push(['Bytes', Buffer.from(name, 'latin1').toString('hex')]);
  return facts.flatMap(([label, value]) =>
    wrapped(value, width - 10).map(
      (line, i) => `${paint(look.theme, 'dim', fit(i === 0 ? label : '', 10))}${line}`,
    ),
  );
}

const differences = {
  only: 'the other side has none of that name',
  newer: 'newer than that of the other side',
  older: 'older than that of the other side',
  differs: 'that of the other side is another',
  same: 'the other side has the same',
};
