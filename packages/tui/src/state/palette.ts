/**
 * The list of all actions: what it holds, which of it matches what was typed, and what its keys do. Rows are made from it by
 * view/rows/palette-rows. Pure; UI thread.
 */

import { type Shown, trusted } from '@ferry/protocol';
import { keyName } from '../keymap/key-name.ts';
import { type Action, type Binding, walking } from '../keymap/keymap.ts';
import type { Dialog, PaletteLayer } from './dialog.ts';
import { edited, field, typedInto } from './edit-line.ts';
import type { AppState } from './state.ts';
import { steppedBelowLine, withinRows } from './step.ts';

export type Palette = Dialog & { readonly kind: 'palette' };

export type PaletteItem = {
  readonly layer: PaletteLayer;
  readonly binding: Binding;
  /** Why it does nothing now. */
  readonly why: Shown | undefined;
};

const alsoListed: Readonly<Record<PaletteLayer, readonly PaletteLayer[]>> = {
  pane: ['queue'],
  queue: ['pane'],
  viewer: [],
};

export function openPalette(state: AppState): AppState {
  const of = state.viewer !== undefined ? 'viewer' : state.focus === 'queue' ? 'queue' : 'pane';
  return { ...state, dialog: { kind: 'palette', of, line: field(trusted(''), ''), cursor: 0 } };
}

/** What matches every word typed, in name, key or help; those whose name begins with it first. */
export function paletteItems(state: AppState, { of, line }: Palette): readonly PaletteItem[] {
  const own = new Set(state.keymap[of].bindings.map(({ action }) => action));
  const all = [of, ...alsoListed[of]].flatMap((layer) =>
    state.keymap[layer].bindings
      .filter(({ action }) => action !== 'help' && (layer === of || !own.has(action)))
      .map((binding) => ({ layer, binding })),
  );
  const words = line.text.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = all.filter(({ binding }) => {
    const text = textOf(binding);
    return words.every((word) => text.includes(word));
  });
  const first = words[0] ?? '';
  const walks = new Set(walking.map(({ action }) => action));
  const rank = ({ binding }: { binding: Binding }): number =>
    first === ''
      ? walks.has(binding.action)
        ? 1
        : 0
      : binding.label.toLowerCase().startsWith(first)
        ? 0
        : binding.action.includes(first)
          ? 1
          : 2;
  return matching
    .toSorted((a, b) => rank(a) - rank(b))
    .map(({ layer, binding }) => ({ layer, binding, why: binding.disabled?.(state) }));
}

function textOf({ action, label, help, keys }: Binding): string {
  return `${action} ${label} ${help} ${keys.map(keyName).join(' ')}`.toLowerCase();
}

/** Everything but closing and running, which update does. */
export function actInPalette(state: AppState, dialog: Palette, action: Action): AppState {
  const to = steppedBelowLine(action, dialog.cursor);
  if (to === undefined) return withLine(state, dialog, edited(dialog.line, action));
  return { ...state, dialog: { ...dialog, cursor: withinRows(to, paletteItems(state, dialog).length) } };
}

export function typedInPalette(state: AppState, dialog: Palette, text: string): AppState {
  return withLine(state, dialog, typedInto(dialog.line, text, 60));
}

function withLine(state: AppState, dialog: Palette, line: Palette['line']): AppState {
  const cursor = line.text === dialog.line.text ? dialog.cursor : 0;
  return { ...state, dialog: { ...dialog, line, cursor } };
}
