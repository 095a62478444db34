/**
 * From the table of actions, a preset and the user's own wishes to the keys that hold now, and what is wrong with those
 * wishes in words. Pure; UI thread, once at the start.
 */

import { type Shown, show, trusted } from '@ferry/protocol';
import { keyName, parseKey } from './key-name.ts';
import { type Action, type Binding, bindings, type Layer } from './keymap.ts';
import { isPreset, type PresetName, presets } from './presets.ts';

/** Keys by layer and action; what is not named keeps its keys, an empty list takes them away. */
export type KeyWishes = { readonly [L in Layer]?: { readonly [A in Action]?: readonly string[] } };

export type LayerKeys = {
  /** As in the table, with the keys that hold now. */
  readonly bindings: readonly Binding[];
  readonly byKey: ReadonlyMap<string, Binding>;
  readonly byAction: ReadonlyMap<Action, Binding>;
  /** Beginnings of chords. */
  readonly prefixes: ReadonlySet<string>;
};

export type Keymap = Readonly<Record<Layer, LayerKeys>>;

const layers = Object.keys(bindings) as readonly Layer[];

/**
 * A key that a wish wants is taken from whatever else has it in that layer. Where two wishes want one key, the first has it and
 * that is said. `problems` is empty where everything is well.
 */
export function resolveKeys(
  preset: PresetName,
  wishes: KeyWishes = {},
): { readonly keymap: Keymap; readonly problems: readonly Shown[] } {
  const problems: Shown[] = [];
  const entries = layers.map((layer) => [layer, resolveLayer(layer, preset, wishes[layer] ?? {}, problems)]);
  return { keymap: Object.fromEntries(entries) as Keymap, problems };
}

function resolveLayer(
  layer: Layer,
  preset: PresetName,
  wishes: { readonly [A in Action]?: readonly string[] },
  problems: Shown[],
): LayerKeys {
  const fromPreset = presets[preset][layer] ?? {};
  const taken = new Map<string, Action>();
  const claim = (action: Action, keys: readonly string[], isWish: boolean): void => {
    for (const key of keys) {
      const other = clashing(key, taken);
      if (other === undefined) taken.set(key, action);
      else if (isWish)
        problems.push(trusted(`${layer}: ${clash(key, other, taken)}, so ${action} does not get it`));
    }
  };
  const all = bindings[layer].map(({ action }) => action);
  // What the user wants goes before the preset, and the preset before the table.
  for (const action of all) claim(action, wishes[action] ?? [], true);
  const rest = all.filter((action) => wishes[action] === undefined);
  for (const action of rest) claim(action, fromPreset[action] ?? [], false);
  for (const { action, keys } of bindings[layer])
    if (wishes[action] === undefined && fromPreset[action] === undefined) claim(action, keys, false);
  const list = bindings[layer].map((binding) => {
    const { action } = binding;
    const wanted = wishes[action] ?? fromPreset[action] ?? binding.keys;
    return { ...binding, keys: wanted.filter((key) => taken.get(key) === action) };
  });
  if (Object.keys(wishes).length > 0) {
    const without = resolveLayer(layer, preset, {}, []);
    for (const { action, keys } of list)
      if (keys.length === 0 && wishes[action] === undefined && keyIn(without, action) !== '')
        problems.push(trusted(`${layer}: ${action} has no key any more, as your keys took them all`));
  }
  const byKey = new Map(list.flatMap((binding) => binding.keys.map((key) => [key, binding] as const)));
  return {
    bindings: list,
    byKey,
    byAction: new Map(list.map((binding) => [binding.action, binding])),
    prefixes: new Set([...byKey.keys()].flatMap(beginnings)),
  };
}

function beginnings(key: string): string[] {
  const keys = key.split(' ');
  return keys.slice(1).map((_, i) => keys.slice(0, i + 1).join(' '));
}

/** A key that cannot be there beside `key`: the same one, or one that is the beginning of the other. */
function clashing(key: string, taken: ReadonlyMap<string, Action>): string | undefined {
  if (taken.has(key)) return key;
  for (const other of taken.keys())
    if (other.startsWith(`${key} `) || key.startsWith(`${other} `)) return other;
  return undefined;
}

function clash(key: string, other: string, taken: ReadonlyMap<string, Action>): string {
  const whose = taken.get(other) ?? '';
  return key === other
    ? `${keyName(key)} is for ${whose} already`
    : `${keyName(key)} and ${keyName(other)} (${whose}) begin alike`;
}

/** The binding of a key or chord; undefined when it has none in this layer. */
export function lookUp(keymap: Keymap, layer: Layer, key: string): Binding | undefined {
  return keymap[layer].byKey.get(key);
}

/** The key that is shown for an action; '' where it has none. */
export function keyOf(keymap: Keymap, layer: Layer, action: Action): string {
  return keyIn(keymap[layer], action);
}

function keyIn({ byAction }: LayerKeys, action: Action): string {
  return byAction.get(action)?.keys[0] ?? '';
}

/** How soon after Esc a digit makes a function key of both, milliseconds. */
export const escapeMs = { usual: 800, most: 5000 };

export type KeysFile = {
  readonly preset: PresetName | undefined;
  readonly escapeMs: number;
  readonly wishes: KeyWishes;
  readonly problems: readonly Shown[];
};

const nothingSaid: KeysFile = { preset: undefined, escapeMs: escapeMs.usual, wishes: {}, problems: [] };

/**
 * What the user's file says, from its text: `{ "preset": "vim", "pane": { "copy": ["F5", "y y"] } }`. What cannot be
 * understood is said in `problems` and left out; the rest holds.
 */
export function parseKeysFile(text: string): KeysFile {
  const problems: Shown[] = [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    return { ...nothingSaid, problems: [trusted(`it is not JSON: ${show(why)}`)] };
  }
  if (!isRecord(value)) return { ...nothingSaid, problems: [trusted('it must hold one object in braces')] };
  let preset: PresetName | undefined;
  let delay = escapeMs.usual;
  const wishes: { [L in Layer]?: { [A in Action]?: readonly string[] } } = {};
  for (const [name, part] of Object.entries(value)) {
    if (name === 'preset') {
      if (typeof part === 'string' && isPreset(part)) preset = part;
      else
        problems.push(
          trusted(`there is no preset ${show(String(part))}: ${Object.keys(presets).join(', ')}`),
        );
      continue;
    }
    if (name === 'escapeMs') {
      if (typeof part === 'number' && part >= 0 && part <= escapeMs.most) delay = part;
      else problems.push(trusted(`escapeMs is a number from 0 to ${escapeMs.most}`));
      continue;
    }
    const layer = layers.find((one) => one === name);
    if (layer === undefined || !isRecord(part)) {
      problems.push(trusted(`${show(name)} is none of preset, escapeMs, ${layers.join(', ')}`));
      continue;
    }
    wishes[layer] = wishesOf(layer, part, problems);
  }
  return { preset, escapeMs: delay, wishes, problems };
}

function wishesOf(
  layer: Layer,
  part: Readonly<Record<string, unknown>>,
  problems: Shown[],
): { [A in Action]?: readonly string[] } {
  const wishes: { [A in Action]?: readonly string[] } = {};
  for (const [name, wanted] of Object.entries(part)) {
    const binding = bindings[layer].find(({ action }) => action === name);
    if (binding === undefined) {
      problems.push(trusted(`${layer}: there is no action ${show(name)}`));
      continue;
    }
    const keys: string[] = [];
    for (const text of Array.isArray(wanted) ? (wanted as readonly unknown[]) : [wanted]) {
      const key = typeof text === 'string' ? parseKey(text) : undefined;
      if (key === undefined) problems.push(trusted(`${layer}: ${name}: ${show(String(text))} is no key`));
      else keys.push(key);
    }
    wishes[binding.action] = keys;
  }
  return wishes;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
