/** Which keys the footer shows: those that do something here and now. Pure; UI thread. */

import { type Shown, trusted } from '@ferry/protocol';
import { charCells } from '../state/char-cells.ts';
import type { AppState } from '../state/state.ts';
import { keyName } from './key-name.ts';
import { type Action, type Binding, editing, layerOf, walking } from './keymap.ts';

export type FooterKey = { readonly action: Action; readonly key: string; readonly label: Shown };

/** Of the panes' many actions, those worth a place; the function keys go first, by number. */
const panes: ReadonlySet<Action> = new Set<Action>([
  'help',
  'rename',
  'view',
  'edit',
  'copy',
  'move',
  'mkdir',
  'delete',
  'quit',
  'mark',
  'switch',
  'queue',
]);

/** Nobody needs to be told. */
const known: ReadonlySet<Action> = new Set([...walking, ...editing].map(({ action }) => action));

export type FooterPlace = FooterKey & {
  readonly name: Shown;
  /** In cells, from 0; the blank after it is not of it. */
  readonly left: number;
  readonly width: number;
};

/** As many of them as there is room for, and where each one is. */
export function footerPlaces(state: AppState, columns: number): readonly FooterPlace[] {
  const places: FooterPlace[] = [];
  let left = 0;
  for (const one of footerOf(state)) {
    const name = keyName(one.key);
    const width = cellsOf(name) + 2 + cellsOf(one.label);
    if (left + width + 1 > columns) break;
    places.push({ ...one, name, left, width });
    left += width + 1;
  }
  return places;
}

function cellsOf(text: string): number {
  return [...text].reduce((sum, char) => sum + charCells(char), 0);
}

export function footerOf(state: AppState): readonly FooterKey[] {
  const layer = layerOf(state);
  const worth = ({ action }: Binding): boolean => (layer === 'pane' ? panes.has(action) : !known.has(action));
  const line = onlyLine(state);
  const shown = state.keymap[layer].bindings.filter(
    (binding) =>
      binding.keys.length > 0 &&
      worth(binding) &&
      binding.disabled?.(state) === undefined &&
      (binding.action !== 'complete' || line !== 'plain') &&
      !(layer === 'viewer' && binding.action === 'no' && state.viewer?.work === undefined),
  );
  const number = ({ keys: [key = ''] }: Binding): number => Number(/^f(\d+)$/.exec(key)?.[1] ?? 99);
  return shown
    .toSorted((a, b) => number(a) - number(b))
    .map(({ action, keys: [key = ''], label }) => ({
      action,
      key,
      label: action === 'complete' && line === 'path' ? completes : label,
    }));
}

const completes = trusted('Complete');

/** What Tab does in a prompt: of several lines it goes to the next, in a single path it completes, elsewhere nothing. */
function onlyLine({ dialog }: AppState): 'several' | 'path' | 'plain' {
  if (dialog?.kind !== 'prompt' || dialog.fields.length > 1) return 'several';
  return dialog.prompted.about === 'go-to-path' ? 'path' : 'plain';
}
