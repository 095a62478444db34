/** The keys of the chat beside those that type a line; part of the table of actions. Pure; UI thread. */

import { type Binding, bind } from './binding.ts';
import { noLine } from './unavailable.ts';

export const chatBindings: readonly Binding[] = [
  bind('accept', ['enter'], 'Say', 'say the line; without one, go to the path of the chosen line'),
  bind('no', ['escape', 'f10', 'C-c'], 'Close', 'back to the files; one stays in the rooms'),
  bind('next-room', ['tab'], 'Room', 'the next room'),
  bind('enter-room', ['f7', 'C-o'], 'Enter', 'another room, or talk with one person alone'),
  bind('leave-room', ['f8'], 'Leave', 'leave this room'),
  bind('attach', ['C-t', 'f5'], 'Attach', 'what is under the cursor of the server’s pane goes with the line'),
  bind('previous-room', ['S-tab'], 'Room', 'the room before'),
  bind(
    'unsay',
    ['C-d'],
    'Take away',
    'take the chosen line away for everybody: one’s own, or as an owner',
    noLine,
  ),
  bind('mute', ['f9'], 'Mute', 'let who said the chosen line say nothing for a while; for owners', noLine),
  bind('up', ['up'], 'Up', 'choose the line above'),
  bind('down', ['down'], 'Down', 'choose the line below'),
  bind('page-up', ['pageup'], 'PgUp', 'ten lines up'),
  bind('page-down', ['pagedown'], 'PgDn', 'ten lines down'),
  bind('earlier-line', ['C-p', 'C-up'], 'Earlier', 'the line that was typed before'),
  bind('later-line', ['C-n', 'C-down'], 'Later', 'the line that was typed after that'),
];
