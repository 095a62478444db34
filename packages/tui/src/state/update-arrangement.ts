/** What the user makes of the screen: where the split is, which side is left, how much panes tell. Pure; UI thread. */

import { trusted } from '@ferry/protocol';
import type { Action } from '../keymap/keymap.ts';
import { type Arrangement, columnSets, splits, usualArrangement } from './layout.ts';
import type { Next } from './next.ts';
import type { AppState } from './state.ts';

export function arrangedBy(state: AppState, action: Action): Next {
  const { arrangement } = state.remembered;
  const { split, swapped, zoomed, columns } = arrangement;
  switch (action) {
    case 'split-left':
      return withArrangement(state, { ...arrangement, split: Math.max(splits.least, split - splits.step) });
    case 'split-right':
      return withArrangement(state, { ...arrangement, split: Math.min(splits.most, split + splits.step) });
    case 'split-even':
      return withArrangement(state, { ...arrangement, split: usualArrangement.split });
    case 'swap':
      return withArrangement(state, { ...arrangement, swapped: !swapped });
    case 'zoom':
      return withArrangement(state, { ...arrangement, zoomed: !zoomed });
    case 'columns': {
      const next = columnSets[(columnSets.indexOf(columns) + 1) % columnSets.length] ?? 'auto';
      const text = trusted(
        `columns: ${{ auto: 'as many as fit', brief: 'names and sizes', full: 'all' }[next]}`,
      );
      const [told, cmds] = withArrangement(state, { ...arrangement, columns: next });
      return [{ ...told, notice: { text, isError: false } }, cmds];
    }
    default:
      return [state, []];
  }
}

export function withArrangement(state: AppState, arrangement: Arrangement): Next {
  const remembered = { ...state.remembered, arrangement };
  return [{ ...state, remembered }, [{ kind: 'remember', remembered }]];
}
