/** Names of the themes; what they look like, only the view knows. Pure; UI thread. */

/** `auto` is what suits the terminal. */
export const themeNames = ['auto', 'dark', 'light', 'sixteen', 'contrast', 'mono'] as const;
export type ThemeName = (typeof themeNames)[number];

export function isTheme(value: unknown): value is ThemeName {
  return themeNames.some((name) => name === value);
}
