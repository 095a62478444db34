/**
 * Pictures of the screens, as SVG: `node test/tools/pictures/main.ts` draws those of docs/guide anew; with a folder, every screen in every
 * size, dark and light, to be looked at. Needs neither a terminal nor a server.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Size } from '@ferry/tui/state/layout';
import { unicodeGlyphs } from '@ferry/tui/view/rows/style';
import { dark } from '@ferry/tui/view/rows/themes/dark';
import { light } from '@ferry/tui/view/rows/themes/light';
import { frameOf } from '../../../packages/server/src/screen/frame.ts';
import { lookFor } from '../../../packages/server/src/screen/look.ts';
import { dayOpts, EmulatedScreen } from '../../support/server-screen.ts';
import { FakeTerminal } from '../../tui/support/fake-terminal.ts';
import { type Scene, scenes } from './scenes.ts';
import { grounds, svgOf } from './svg.ts';

process.env['TZ'] = 'UTC';

const themes = { dark, light };
type ThemeName = keyof typeof themes;

const sizes: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 36 },
  { columns: 200, rows: 60 },
  { columns: 44, rows: 16 },
];

async function serverPicture(scene: Scene & { of: 'server' }, size: Size, theme: ThemeName): Promise<string> {
  const COLORFGBG = theme === 'light' ? '0;15' : '15;0';
  const look = lookFor({ TERM: 'xterm-256color', LANG: 'C.UTF-8', COLORFGBG });
  const screen = new EmulatedScreen(size, look);
  try {
    await screen.draw(frameOf(scene.state(size), { look, ...dayOpts }));
    return svgOf(screen.emulator, grounds[theme], scene.about);
  } finally {
    screen.close();
  }
}

async function picture(scene: Scene, size: Size, theme: ThemeName): Promise<string> {
  if (scene.of === 'server') return serverPicture(scene, size, theme);
  const terminal = new FakeTerminal(size.columns, size.rows, {
    theme: themes[theme],
    glyphs: unicodeGlyphs,
    colours: 'any',
  });
  try {
    if (scene.of === 'connect') await terminal.drawConnect(scene.state(size));
    else {
      const state = scene.state(size);
      await terminal.loadGauge(state);
      await terminal.draw(state);
    }
    return svgOf(terminal.emulator, grounds[theme], scene.about);
  } finally {
    terminal.close();
  }
}

/** Those of the guide: name, columns, rows. */
const shown: readonly (readonly [name: string, columns: number, rows: number, theme?: ThemeName])[] = [
  ['connect-first-run', 80, 19],
  ['connect-first-contact', 80, 22],
  ['connect', 80, 14],
  ['connect-password', 80, 16],
  ['connect-stop', 80, 20],
  ['start', 90, 26],
  ['browser', 110, 32],
  ['palette', 90, 24],
  ['filter', 90, 22],
  ['compared', 100, 26],
  ['compared', 100, 26, 'light'],
  ['delete', 90, 24],
  ['found', 100, 20],
  ['preview', 100, 28],
  ['picture-preview', 100, 30],
  ['picture', 80, 22],
  ['queue', 128, 32],
  ['job-details', 90, 25],
  ['conflict', 90, 28],
  ['limits', 90, 24],
  ['chat', 100, 24],
  ['offline', 90, 22],
  ['viewer', 100, 22],
  ['hex', 80, 16],
  ['changed', 90, 26],
  ['difference', 90, 22],
  ['server-screen', 120, 32],
];

const [folder, ...only] = process.argv.slice(2);
if (folder === undefined) {
  const guide = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/guide/pictures');
  mkdirSync(guide, { recursive: true });
  for (const [name, columns, rows, theme = 'dark'] of shown) {
    const scene = scenes[name];
    if (scene === undefined) throw new RangeError(`there is no screen ${name}`);
    const file = theme === 'dark' ? name : `${name}-${theme}`;
    writeFileSync(join(guide, `${file}.svg`), await picture(scene, { columns, rows }, theme));
  }
} else {
  mkdirSync(resolve(folder), { recursive: true });
  for (const [name, scene] of Object.entries(scenes)) {
    if (only.length > 0 && !only.includes(name)) continue;
    for (const size of sizes)
      for (const theme of ['dark', 'light'] as const) {
        const file = join(resolve(folder), `${name}-${size.columns}x${size.rows}-${theme}.svg`);
        writeFileSync(file, await picture(scene, size, theme));
      }
  }
}
