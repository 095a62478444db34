/** The title and footer lines. Pure; UI thread. */

import { codeName, type Shown, show } from '@ferry/protocol';
import type { ConnectionStatus } from '../../engine/engine.ts';
import { footerOf, keyName, layerOf } from '../../keymap/keymap.ts';
import type { AppState } from '../../state/state.ts';
import { cells, fit } from './cells.ts';
import { type Look, paint } from './style.ts';
import { viewerNews } from './viewer-rows.ts';

export function connectionWords(status: ConnectionStatus, address: Shown, dot: string): string {
  switch (status.phase) {
    case 'connecting':
      return `${address} ${dot} connecting${status.attempt > 1 ? ` (attempt ${status.attempt})` : '…'}`;
    case 'online': {
      const rtt =
        status.rttMs > 0
          ? ` ${dot} ${status.rttMs < 10 ? status.rttMs.toFixed(1) : Math.round(status.rttMs)} ms`
          : '';
      return `${show(status.user)}@${address}${rtt} ${dot} TLS 1.3${status.readOnly ? ` ${dot} read-only` : ''}`;
    }
    case 'offline':
      return `${address} ${dot} offline: ${show(status.error[1])} ${dot} attempt ${status.attempt + 1} in ${Math.ceil(status.retryMs / 1000)} s`;
    case 'closed':
      return status.error === undefined
        ? `${address} ${dot} closed`
        : `${address} ${dot} ${show(status.error[1].split('\n')[0] ?? '')} [${codeName(status.error[0])}]`;
  }
}

export function titleRow({ connection, address }: AppState, width: number, { theme, glyphs }: Look): string {
  return paint(theme, 'title', fit(` ferry  ${connectionWords(connection, address, glyphs.dot)}`, width));
}

/** The keys that do something here; a notice takes their place until the next key. */
export function footerRow(state: AppState, width: number, { theme }: Look): string {
  const news = state.notice ?? (state.viewer === undefined ? undefined : viewerNews(state.viewer));
  if (news !== undefined) return paint(theme, news.isError ? 'error' : 'notice', fit(` ${news.text}`, width));
  let row = '';
  let used = 0;
  for (const { key, label } of footerOf(layerOf(state))) {
    const name = keyName(key);
    const more = cells(name) + cells(label) + 3;
    if (used + more > width) break;
    row += `${paint(theme, 'key', ` ${name} `)}${paint(theme, 'keyLabel', label)} `;
    used += more;
  }
  return row + ' '.repeat(Math.max(0, width - used));
}
