/** All themes by name, and which one a terminal gets. Pure; UI thread. */

import type { ThemeName } from '../../state/theme.ts';
import { asciiGlyphs, type Colours, type Look, type Theme, unicodeGlyphs } from './style.ts';
import { contrast } from './themes/contrast.ts';
import { dark } from './themes/dark.ts';
import { light } from './themes/light.ts';
import { mono } from './themes/mono.ts';
import { sixteen } from './themes/sixteen.ts';

const themes: Readonly<Record<Exclude<ThemeName, 'auto'>, Theme>> = { dark, light, sixteen, contrast, mono };

/** `auto` is what the terminal says of itself. NO_COLOR goes before any choice. */
export function lookFor(env: NodeJS.ProcessEnv, name: ThemeName): Look {
  const term = env['TERM'] ?? '';
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const isUtf8 = /utf-?8/i.test(locale) || (locale === '' && term !== 'linux');
  const isMono = (env['NO_COLOR'] ?? '') !== '' || /^(vt\d+|.*-m|.*-mono)$/.test(term);
  const theme = isMono ? mono : themes[name === 'auto' ? usual(term, env['COLORFGBG'] ?? '') : name];
  return { theme, glyphs: isUtf8 ? unicodeGlyphs : asciiGlyphs, colours: coloursFor(env, theme) };
}

/** COLORTERM is how terminals tell that they show any colour. */
function coloursFor(env: NodeJS.ProcessEnv, theme: Theme): Colours {
  if (theme === mono) return 'one';
  if (theme === sixteen) return '16';
  return /^(truecolor|24bit)$/i.test(env['COLORTERM'] ?? '') ? 'any' : '256';
}

/** COLORFGBG is how some terminals tell their colours: `0;15` is black on white. */
function usual(term: string, colours: string): 'dark' | 'light' | 'sixteen' {
  if (/^(linux|ansi|cons25|.*-16color)/.test(term)) return 'sixteen';
  return /;(7|15)$/.test(colours) ? 'light' : 'dark';
}
