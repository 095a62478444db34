/** The tables of keys in README.md and docs/guide, made from the browser's own table of actions. */

import { keyName } from '@ferry/tui/keymap/key-name';
import type { Action, Layer } from '@ferry/tui/keymap/keymap';
import { presetNames } from '@ferry/tui/keymap/presets';
import { resolveKeys } from '@ferry/tui/keymap/resolve';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (key: string): string => (key === '`' ? '`` ` ``' : `\`${cell(keyName(key))}\``);

function table(rows: readonly (readonly string[])[]): string {
  return rows
    .map((row) => `| ${row.join(' | ')} |`)
    .toSpliced(1, 0, `|${'---|'.repeat(rows[0]?.length ?? 0)}`)
    .join('\n');
}

const { mc } = Object.fromEntries(presetNames.map((name) => [name, resolveKeys(name).keymap])) as {
  mc: ReturnType<typeof resolveKeys>['keymap'];
};

/** All actions of a layer: id, keys, what it does. */
export function layerTable(layer: Layer): string {
  return table([
    ['action', 'keys', 'what it does'],
    ...mc[layer].bindings.map(({ action, keys, help }) => [
      `\`${action}\``,
      keys.map(code).join(' '),
      cell(help),
    ]),
  ]);
}

/** Where a preset differs from the usual keys. */
export function presetTable(preset: (typeof presetNames)[number]): string {
  const { keymap } = resolveKeys(preset);
  const rows = (Object.keys(keymap) as Layer[]).flatMap((layer) =>
    keymap[layer].bindings.flatMap(({ action, keys, help }) =>
      keys.join() === mc[layer].byAction.get(action)?.keys.join()
        ? []
        : [[layer, `\`${action}\``, keys.map(code).join(' '), cell(help)]],
    ),
  );
  return table([['where', 'action', 'keys', 'what it does'], ...rows]);
}

/** For the README: these actions, with all their keys, two beside each other. */
export function shortTable(actions: readonly Action[]): string {
  const cells = actions.map((action): [string, string] => {
    const binding = mc.pane.byAction.get(action);
    if (binding === undefined) throw new RangeError(`there is no action ${action}`);
    return [binding.keys.map((key) => cell(keyName(key))).join(', '), cell(binding.help)];
  });
  const half = Math.ceil(cells.length / 2);
  return table([
    ['key', 'does', 'key', 'does'],
    ...cells.slice(0, half).map((left, i) => [...left, ...(cells[half + i] ?? ['', ''])]),
  ]);
}

/** A text with what stands between `<!-- NAME -->` and `<!-- end -->` replaced. */
export function withPart(text: string, name: string, part: string): string {
  const begin = `<!-- ${name} -->\n`;
  const from = text.indexOf(begin);
  const to = text.indexOf('<!-- end -->', from);
  if (from < 0 || to < 0) throw new RangeError(`there is no part ${name}`);
  return `${text.slice(0, from + begin.length)}${part}\n${text.slice(to)}`;
}
