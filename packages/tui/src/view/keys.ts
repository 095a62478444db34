/** Names of keys as the keymap writes them, from what blessed decodes. UI thread. */

export type BlessedKey = {
  readonly full?: string;
  readonly name?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
  readonly sequence?: string;
};

export type Pressed = {
  /** `up`, `f5`, `C-r`, `S-tab`, or the character itself. */
  readonly key: string;
  /** The character it types; undefined for keys that type none. */
  readonly text: string | undefined;
};

/** undefined for what is no key press of its own: blessed reports Enter twice. */
export function pressed(char: string | undefined, key: BlessedKey | undefined): Pressed | undefined {
  if (key?.name === 'return') return undefined;
  const isText =
    char !== undefined && key?.ctrl !== true && key?.meta !== true && /^[^\p{Cc}\p{Cf}\p{Cs}]+$/u.test(char);
  if (isText && char === ' ') return { key: 'space', text: ' ' };
  if (isText) return { key: char, text: char };
  const name = key?.full ?? key?.name;
  if (name === undefined) return undefined;
  return { key: name === 'linefeed' ? 'enter' : name, text: undefined };
}
