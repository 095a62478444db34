/** What the user makes of the screen: where the split is, which side is left, how much panes tell. Pure; UI thread. */

import type { Shown } from '@ferry/protocol';
import type { Action } from '../keymap/keymap.ts';
import { type Arrangement, columnSets, splits, usualArrangement } from './layout.ts';
import type { Next } from './next.ts';
import type { Remembered } from './remembered.ts';
import type { AppState } from './state.ts';
import { notices } from './texts.ts';
import { themeNames } from './theme.ts';

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
      const text = notices.columns(next);
      const [told, cmds] = withArrangement(state, { ...arrangement, columns: next });
      return [{ ...told, notice: { text, isError: false } }, cmds];
    }
    case 'theme': {
      const theme =
        themeNames[(themeNames.indexOf(state.remembered.theme) + 1) % themeNames.length] ?? 'auto';
      return remembering(state, { ...state.remembered, theme }, notices.theme(theme));
    }
    case 'mouse': {
      const mouse = !state.remembered.mouse;
      const words = mouse ? notices.mouseOurs : notices.mouseTheirs;
      return remembering(state, { ...state.remembered, mouse }, words);
    }
    default:
      return [state, []];
  }
}

function remembering(state: AppState, remembered: Remembered, text: Shown): Next {
  const notice = { text, isError: false };
  return [{ ...state, remembered, notice }, [{ kind: 'remember', remembered }]];
}

export function withArrangement(state: AppState, arrangement: Arrangement): Next {
  const remembered = { ...state.remembered, arrangement };
  return [{ ...state, remembered }, [{ kind: 'remember', remembered }]];
}
