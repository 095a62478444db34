/**
 * Sets of keys for habits from elsewhere, as differences from the table of actions, whose own keys are Midnight Commander's.
 * A key given here is taken from whatever has it in the table. Pure; UI thread.
 */

import type { Action, Layer } from './keymap.ts';

export const presetNames = ['mc', 'vim', 'termscp', 'desktop'] as const;
export type PresetName = (typeof presetNames)[number];

export function isPreset(text: string): text is PresetName {
  return (presetNames as readonly string[]).includes(text);
}

/** What is not named keeps its keys; an empty list leaves an action to the list of all actions. */
export type Preset = { readonly [L in Layer]?: { readonly [A in Action]?: readonly string[] } };

const vimWalk = {
  up: ['up', 'k'],
  down: ['down', 'j'],
  'page-up': ['pageup', 'C-b'],
  'page-down': ['pagedown', 'C-f'],
  first: ['home', 'g g'],
  last: ['end', 'G'],
} as const;

export const presets: Readonly<Record<PresetName, Preset>> = {
  mc: {},
  vim: {
    pane: {
      ...vimWalk,
      open: ['enter', 'right', 'l'],
      parent: ['left', 'backspace', 'h'],
      copy: ['f5', 'y y'],
      delete: ['f8', 'delete', 'd d'],
      rename: ['f2', 'c w'],
      'copy-path': ['y p'],
      'go-to-path': ['g o'],
      hidden: ['.', 'M-.', 'z h'],
      zoom: ['z z'],
      columns: ['z c'],
      permissions: ['m'],
      'mark-down': ['S-down', 'J'],
      'mark-up': ['S-up', 'K'],
      quit: ['f10', 'q', 'Z Z', 'C-c'],
    },
    queue: {
      ...vimWalk,
      'limit-job': ['z'],
      'limit-all': ['Z'],
      'cancel-job': ['x', 'delete', 'f8', 'd d'],
    },
    conflict: { up: ['up'], down: ['down', 'j'] },
    reading: { ...vimWalk },
  },
  termscp: {
    pane: {
      switch: ['tab', 'left', 'right'],
      open: ['enter'],
      parent: ['u'],
      'undo-delete': ['U'],
      trash: ['M-t'],
      back: ['backspace', 'M-left'],
      mark: ['m', 'insert'],
      'mark-all': ['C-a'],
      unmark: ['escape', 'M-a'],
      help: ['f1', 'h', 'f9', 'C-p', ':'],
      copy: ['space', 'f5'],
      mkdir: ['f7', 'd'],
      delete: ['f8', 'delete'],
      rename: ['f6', 'r', 'f2'],
      move: ['M-r'],
      hidden: ['a', '.'],
      'go-to-path': ['g'],
      info: ['i'],
      permissions: ['z'],
      refresh: ['l', 'C-r'],
      synchronised: ['y'],
      'copy-path': ['Y'],
      size: ['C-s', 'C-space'],
      jump: [','],
      preview: ['v'],
      queue: ['p', 'w', 'S-tab'],
      'sort-name': ['b n'],
      'sort-extension': ['b e'],
      'sort-size': ['b s'],
      'sort-modified': ['b m'],
      'sort-permissions': ['b p'],
      'sort-bytes': ['b b'],
      'sort-reverse': ['b r'],
      'folders-first': ['b f'],
      bookmark: ['B'],
    },
  },
  desktop: {
    pane: {
      copy: ['C-c', 'f5'],
      quit: ['C-q', 'f10', 'q'],
      filter: ['C-f', '/'],
      'go-to-path': ['g', 'C-g'],
      refresh: ['C-r'],
      parent: ['M-up', 'left', 'backspace'],
      mkdir: ['C-n', 'f7'],
    },
  },
};
