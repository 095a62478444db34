/** What is known of an entry, as lines to read. Pure; UI thread. */

import { EntryKind, samePath, showName, timeToMs } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { Dialog } from '../../state/dialog.ts';
import { infoTexts } from '../../state/file-texts.ts';
import { entryOf, idOfName } from '../../state/rows.ts';
import { type AppState, placeName } from '../../state/state.ts';
import { fit } from './cells.ts';
import { modeWords } from './columns.ts';
import { wrapped } from './frame-rows.ts';
import { type Look, paint } from './style.ts';
import { moment } from './when.ts';

const { labels } = infoTexts;

const kinds = {
  [EntryKind.file]: infoTexts.kinds.file,
  [EntryKind.folder]: infoTexts.kinds.folder,
  [EntryKind.symlink]: infoTexts.kinds.link,
  [EntryKind.other]: infoTexts.kinds.other,
};

export function infoLines(
  { side, folder, entry }: Dialog & { kind: 'info' },
  state: AppState,
  look: Look,
  width: number,
): string[] {
  // What was read again since is newer.
  const pane = state[side];
  const id = samePath(pane.path, folder) ? idOfName(pane.pages, entry.name) : undefined;
  const now = id === undefined ? undefined : entryOf(pane.pages, id);
  const { name, kind, size, modified, mode } = now ?? entry;
  const counted = pane.sizes.get(name);
  const bytes = kind === EntryKind.folder ? counted : size;
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  const compared = pane.compared?.get(name);
  const facts: [string, string][] = [
    [labels.name, showName(name)],
    [labels.folder, `${placeName(state, state[side])}/${showName(folder.join('/'))}`],
    [labels.kind, kinds[kind]],
    [labels.size, bytes === undefined ? infoTexts.notCounted : infoTexts.bytes(bytes, prettyBytes(bytes))],
    [labels.modified, `${moment(timeToMs(modified))}.${String(modified.ns).padStart(9, '0')}`],
    [labels.mode, `${modeWords(mode)} (${octal})`],
  ];
  if (compared !== undefined) facts.push([labels.against, infoTexts.differences[compared]]);
  if (Buffer.from(Buffer.from(name, 'latin1').toString('utf8')).toString('latin1') !== name)
    facts.push([labels.bytes, Buffer.from(name, 'latin1').toString('hex')]);
  return facts.flatMap(([label, value]) =>
    wrapped(value, width - 10).map(
      (line, i) => `${paint(look.theme, 'dim', fit(i === 0 ? label : '', 10))}${line}`,
    ),
  );
}
