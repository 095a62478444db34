/** README.md and docs/guide: the keys that they tell are the browser's (UPDATE_GOLDEN=1 rewrites them), and their links lead somewhere. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bindings, type Layer } from '@ferry/tui/keymap/keymap';
import { layerTable, presetTable, shortTable, withPart } from '../../support/key-table.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

function kept(name: string, change: (text: string) => string): void {
  const file = join(root, name);
  const text = readFileSync(file, 'utf8');
  const wanted = change(text);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, wanted);
  else assert.ok(text === wanted, `${name} tells of other keys; UPDATE_GOLDEN=1 rewrites it`);
}

test('the README tells the keys of every day', () => {
  kept('README.md', (text) =>
    withPart(
      text,
      'keys',
      shortTable([
        'open',
        'parent',
        'switch',
        'mark',
        'copy',
        'mkdir',
        'rename',
        'delete',
        'hidden',
        'queue',
        'help',
        'quit',
      ]),
    ),
  );
});

test('the guide tells all keys and presets', () => {
  kept('docs/guide/keys.md', (text) => {
    let next = text;
    for (const layer of Object.keys(bindings) as Layer[]) next = withPart(next, layer, layerTable(layer));
    for (const preset of ['vim', 'termscp', 'desktop'] as const)
      next = withPart(next, `preset ${preset}`, presetTable(preset));
    return next;
  });
});

test('links lead to files, and each picture is small and shown somewhere', () => {
  const guide = readdirSync(join(root, 'docs/guide')).filter((name) => name.endsWith('.md'));
  const linked = new Set<string>();
  for (const page of ['README.md', 'CONTRIBUTING.md', ...guide.map((name) => `docs/guide/${name}`)])
    for (const [, to = ''] of readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      const file = join(dirname(page), to);
      assert.ok(existsSync(join(root, file)), `${page}: ${to}`);
      linked.add(file);
    }
  for (const name of readdirSync(join(root, 'docs/guide/pictures'))) {
    const file = join('docs/guide/pictures', name);
    assert.ok(linked.has(file), `${file} is shown nowhere`);
    assert.ok(statSync(join(root, file)).size < 60_000, file);
  }
});
