/** A dialog as rows of text, and where it stands. Pure; UI thread. */

import { codeName, type Shown, show, showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import { endsOf, type Job } from '../../engine/job.ts';
import { keyName } from '../../keymap/key-name.ts';
import type { Action } from '../../keymap/keymap.ts';
import { keyOf } from '../../keymap/resolve.ts';
import type { Dialog } from '../../state/dialog.ts';
import { editTexts, infoTexts } from '../../state/file-texts.ts';
import type { Rect, Size } from '../../state/layout.ts';
import { jobTexts } from '../../state/queue-texts.ts';
import type { AppState } from '../../state/state.ts';
import { shareTexts } from '../../state/texts.ts';
import { cells, cutEnd, fit } from './cells.ts';
import { chatRowsOf } from './chat-rows.ts';
import { conflictRowsOf } from './conflict-rows.ts';
import { changedLines, differenceLines } from './edit-rows.ts';
import { framed, wrapped } from './frame-rows.ts';
import { infoLines } from './info-rows.ts';
import { limitWords } from './job-rows.ts';
import { lineRow } from './line-rows.ts';
import { paletteRowsOf } from './palette-rows.ts';
import { peopleHeight, peopleRowsOf } from './people-rows.ts';
import { placesRowsOf } from './places-rows.ts';
import { sharedLines, sharesHeight, sharesRowsOf } from './shares-rows.ts';
import { type Look, paint } from './style.ts';
import { trashHeight, trashRowsOf } from './trash-rows.ts';
import { minute, moment } from './when.ts';

export type DialogRows = { readonly rect: Rect; readonly rows: string[] };

export function dialogRowsOf(dialog: Dialog, state: AppState, look: Look): DialogRows {
  switch (dialog.kind) {
    case 'palette': {
      const { columns, rows } = state.size;
      const width = Math.min(120, columns - 2);
      const rect = place(state.size, width, rows - 2);
      return { rect, rows: paletteRowsOf(state, dialog, { columns: width, rows: rect.height }, look) };
    }
    case 'chat': {
      const { columns, rows } = state.size;
      const rect = place(state.size, Math.min(110, columns - 2), rows - 2);
      return { rect, rows: chatRowsOf(state, { columns: rect.width, rows: rect.height }, look) };
    }
    case 'places': {
      const { columns, rows } = state.size;
      const width = Math.min(76, columns - 2);
      const rect = place(state.size, width, rows - 2);
      return { rect, rows: placesRowsOf(state, dialog, { columns: width, rows: rect.height }, look) };
    }
    case 'shared':
      return reading(
        state.size,
        shareTexts.made(minute(dialog.made.expiresMs)),
        sharedLines(dialog, state, look, readingWidth(state.size) - 4),
        dialog.top,
        look,
      );
    case 'trash': {
      const { columns, rows } = state.size;
      const width = Math.min(96, columns - 2);
      const rect = place(state.size, width, Math.min(rows - 2, trashHeight(dialog)));
      return { rect, rows: trashRowsOf(state, dialog, { columns: width, rows: rect.height }, look) };
    }
    case 'people': {
      const { columns, rows } = state.size;
      const width = Math.min(72, columns - 2);
      const rect = place(state.size, width, Math.min(rows - 2, peopleHeight(dialog)));
      return { rect, rows: peopleRowsOf(state, dialog, { columns: width, rows: rect.height }, look) };
    }
    case 'shares': {
      const { columns, rows } = state.size;
      const width = Math.min(76, columns - 2);
      const rect = place(state.size, width, Math.min(rows - 2, sharesHeight(dialog)));
      return { rect, rows: sharesRowsOf(state, dialog, { columns: width, rows: rect.height }, look) };
    }
    case 'info':
      return reading(
        state.size,
        infoTexts.title,
        infoLines(dialog, state, look, readingWidth(state.size) - 4),
        dialog.top,
        look,
      );
    case 'words': {
      const width = readingWidth(state.size) - 4;
      const lines = dialog.lines.flatMap((line) => (line === '' ? [''] : wrapped(line, width)));
      return reading(state.size, dialog.title, lines, dialog.top, look);
    }
    case 'details':
      return reading(
        state.size,
        jobTexts.title,
        detailLines(
          state.queue.jobs.find(({ id }) => id === dialog.job),
          look,
          readingWidth(state.size) - 4,
        ),
        dialog.top,
        look,
      );
    case 'busy': {
      const stop = buttonsOf(state, 'busy', look)('no', 'Stop');
      const lines = [`server: /${showName(dialog.path.join('/'))}`, '', stop];
      return boxed(state.size, dialog.title, lines, 60, look);
    }
    case 'changed': {
      const own = state.edits.find(({ id }) => id === dialog.edit);
      const { columns, rows } = state.size;
      const width = Math.min(72, columns - 4) - 4;
      const lines = own === undefined ? [] : changedLines(own, dialog, width, rows - 4, look, state.keymap);
      return boxed(state.size, editTexts.changed, lines, 72, look);
    }
    case 'difference':
      return reading(
        state.size,
        editTexts.difference,
        differenceLines(dialog.lines, readingWidth(state.size) - 3, look),
        dialog.top,
        look,
      );
    case 'conflict':
      return conflictRows(dialog, state, look);
    case 'question': {
      const button = buttonsOf(state, 'question', look);
      const lines = [...dialog.lines, '', `${button('yes', 'Yes')}   ${button('no', 'No')}`];
      return boxed(state.size, dialog.title, lines, 60, look);
    }
    case 'prompt': {
      const button = buttonsOf(state, 'prompt', look);
      const width = Math.min(60, state.size.columns - 4) - 4;
      const buttons = [button('accept', 'OK'), button('no', 'Cancel')];
      if (dialog.fields.length > 1) buttons.push(button('complete', 'Next'));
      const said =
        dialog.error === undefined
          ? inRows(buttons, width)
          : wrapped(dialog.error, width).map((line) => paint(look.theme, 'error', line));
      const lines = [...fieldLines(dialog, width - 2, look), '', ...said];
      return boxed(state.size, dialog.title, lines, 60, look);
    }
  }
}

/** An action with the key that does it now. */
function buttonsOf(state: AppState, layer: 'question' | 'prompt' | 'busy', { theme }: Look) {
  return (action: Action, label: string): string =>
    `${paint(theme, 'key', ` ${keyName(keyOf(state.keymap, layer, action))} `)} ${label}`;
}

/** Side by side, as many as there is room for in a row. */
function inRows(buttons: readonly string[], width: number): string[] {
  const rows: string[] = [];
  for (const button of buttons) {
    const last = rows.at(-1);
    const longer = last === undefined ? button : `${last}   ${button}`;
    if (last === undefined || styledCells(longer) > width) rows.push(button);
    else rows[rows.length - 1] = longer;
  }
  return rows;
}

/** What `paint` puts around text. */
const styled = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');

function styledCells(text: string): number {
  return cells(text.replaceAll(styled, ''));
}

function place({ columns, rows }: Size, width: number, height: number): Rect {
  return {
    left: Math.floor((columns - width) / 2),
    top: Math.max(0, Math.floor((rows - height) / 2)),
    width,
    height,
  };
}

function boxed(
  size: Size,
  title: string,
  lines: readonly string[],
  mostWidth: number,
  look: Look,
): DialogRows {
  const width = Math.min(mostWidth, size.columns - 4);
  const inner = lines.flatMap((line) =>
    line.includes('\x1b') || cells(line) <= width - 4 ? [line] : wrapped(line, width - 4),
  );
  const height = Math.min(size.rows, inner.length + 4);
  const rows = ['', ...inner, ''].map(
    (line) => `  ${line}${' '.repeat(Math.max(0, width - 4 - styledCells(line)))}`,
  );
  return {
    rect: place(size, width, height),
    rows: framed(look, true, { width, height }, { topLeft: title }, rows),
  };
}

function conflictRows(dialog: Dialog & { kind: 'conflict' }, state: AppState, look: Look): DialogRows {
  const width = Math.min(72, state.size.columns - 4);
  const rows = conflictRowsOf(
    dialog,
    width,
    state.size.rows - 2,
    state.queue.asking.length - 1,
    look,
    state.keymap,
  );
  return { rect: place(state.size, width, rows.length), rows };
}

function readingWidth(size: Size): number {
  return Math.min(76, size.columns - 2);
}

/** A list to scroll; stops at its last line. */
function reading(size: Size, title: string, lines: readonly string[], top: number, look: Look): DialogRows {
  const width = readingWidth(size);
  const height = Math.min(size.rows - 2, lines.length + 2);
  const shown = height - 2;
  const from = Math.min(top, Math.max(0, lines.length - shown));
  const rows = lines
    .slice(from, from + shown)
    .map((line) => ` ${line}${' '.repeat(Math.max(0, width - 3 - styledCells(line)))}`);
  const more =
    lines.length > shown
      ? `${from + 1}–${Math.min(lines.length, from + shown)} of ${lines.length}`
      : 'Esc closes';
  return {
    rect: place(size, width, height),
    rows: framed(look, true, { width, height }, { topLeft: title, bottomRight: more }, rows),
  };
}

function detailLines(job: Job | undefined, look: Look, width: number): string[] {
  if (job === undefined) return [jobTexts.gone];
  const { labels, server, here, serverOf } = jobTexts;
  const isBetween = job.origin !== undefined;
  const [from, to] = endsOf(job).map((end) => {
    if (end === '') return here;
    return isBetween ? (path: Shown) => serverOf(show(end), path) : server;
  }) as [typeof here, typeof here];
  const facts: [string, string][] = [
    [labels.from, from(showName(job.source.join('/')))],
    [labels.to, to(showName(job.target.join('/')))],
    [labels.state, jobTexts.phase(job.phase)],
    [labels.moved, jobTexts.moved(prettyBytes(job.doneBytes), prettyBytes(job.totalBytes), job.walked)],
    [labels.files, jobTexts.filesDone(job.doneFiles, job.totalFiles, job.skippedFiles, job.failedFiles)],
  ];
  facts.push([labels.server, show(job.server)], [labels.added, moment(job.addedMs)]);
  if (job.endedMs !== undefined) facts.push([labels.ended, moment(job.endedMs)]);
  if (job.movingMs >= 1000) {
    const speed = `${prettyBytes(Math.round((job.doneBytes / job.movingMs) * 1000))}/s`;
    facts.push([labels.moving, jobTexts.movingFor(Math.round(job.movingMs / 1000), speed)]);
  }
  if (job.priority !== 3) facts.push([labels.priority, String(job.priority)]);
  if (job.limit !== undefined) facts.push([labels.limit, limitWords(job.limit, look.glyphs)]);
  if (job.digest !== undefined) facts.push([labels.digest, show(job.digest)]);
  const lines = facts.flatMap(([label, value]) =>
    wrapped(value, width - 10).map((line, i) => `${fit(i === 0 ? label : '', 10)}${line}`),
  );
  const failures = job.failures.flatMap(({ source, error: [code, message] }) => [
    '',
    ...wrapped(showName(source.join('/')), width),
    ...wrapped(`${show(message)} [${codeName(code)}]`, width - 2).map((line) =>
      paint(look.theme, 'error', `  ${line}`),
    ),
  ]);
  const general =
    job.failures.length === 0 && job.error !== undefined
      ? [
          '',
          ...wrapped(`${show(job.error[1])} [${codeName(job.error[0])}]`, width).map((line) =>
            paint(look.theme, 'error', line),
          ),
        ]
      : [];
  const losses = (job.losses ?? []).flatMap(({ source, what }) =>
    wrapped(`${showName(source.join('/'))}: ${show(what)}`, width - 2).map((line) => `  ${line}`),
  );
  const unlisted = (job.lostCount ?? 0) - (job.losses ?? []).length;
  const lost = [
    ...(losses.length === 0 ? [] : ['', paint(look.theme, 'folder', jobTexts.notKept), ...losses]),
    ...(unlisted > 0 ? [`  ${jobTexts.more(unlisted)}`] : []),
  ];
  return [...lines, ...failures, ...general, ...lost];
}

/** A line for each field, its label before it. */
function fieldLines({ fields, field }: Dialog & { kind: 'prompt' }, width: number, look: Look): string[] {
  const widest = Math.max(...fields.map(({ label }) => cells(label)));
  const labels = widest === 0 ? 0 : widest + 2;
  return fields.map((one, i) => {
    const room = width - labels;
    const shown = one.secret === true ? look.glyphs.mark.repeat([...one.text].length) : show(one.text);
    const line =
      i === field ? lineRow(one, room, look) : paint(look.theme, 'field', fit(cutEnd(shown, room), room));
    const { label } = one;
    return `${fit(label, labels)}${line}`;
  });
}
