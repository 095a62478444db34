/** A picture to be looked at in pictures of the screen: a ferry that comes home, at dawn. Drawn by rule, so it is always the same. */

import type { Picture } from '@ferry/tui/state/picture';

const width = 640;
const height = 400;
const horizon = 250;
const sun = { x: 430, y: 222, radius: 44 };

type Ink = readonly [number, number, number];

function mixed(from: Ink, to: Ink, share: number): Ink {
  const at = Math.min(1, Math.max(0, share));
  return [0, 1, 2].map((i) =>
    Math.round((from[i] ?? 0) + ((to[i] ?? 0) - (from[i] ?? 0)) * at),
  ) as unknown as Ink;
}

const night: Ink = [24, 30, 72];
const rose: Ink = [232, 120, 108];
const gold: Ink = [255, 214, 130];
const white: Ink = [255, 246, 214];
const hull: Ink = [20, 22, 34];
const lamp: Ink = [255, 226, 150];

function sky(x: number, y: number): Ink {
  const base =
    y < 130 ? mixed(night, rose, y / 170) : mixed(mixed(night, rose, 130 / 170), gold, (y - 130) / 130);
  const far = Math.hypot(x - sun.x, (y - sun.y) * 1.15);
  if (far < sun.radius) return mixed(white, gold, far / sun.radius / 2);
  const cloud = Math.sin(x / 46 + Math.sin(y / 9) * 1.4) * Math.sin(y / 15 + x / 190);
  const lit = mixed(base, white, Math.max(0, 1 - (far - sun.radius) / 130) * 0.55);
  return cloud > 0.55 && y > 40 && y < 205 ? mixed(lit, rose, 0.4) : lit;
}

function sea(x: number, y: number): Ink {
  const depth = (y - horizon) / (height - horizon);
  const base = mixed([150, 92, 104], [14, 24, 58], depth * 1.15);
  const wave = Math.sin(y * (1.6 - depth) + Math.sin(x / 37) * 2) * Math.cos(x / (9 + depth * 30) + y);
  const path = Math.max(0, 1 - Math.abs(x - sun.x) / (22 + depth * 90));
  return mixed(mixed(base, gold, path * (wave > 0.05 ? 0.85 : 0.12)), night, wave < -0.75 ? 0.3 : 0);
}

/** undefined beside it. */
function ship(x: number, y: number): Ink | undefined {
  const [at, up] = [x - 90, y - 262];
  const isHull =
    up > -34 && up <= 10 && at > 0 + Math.max(0, up + 4) && at < 262 - Math.max(0, up) * 3 + Math.max(0, -up);
  const isDeck = up > -60 && up <= -34 && at > 26 && at < 232;
  const isBridge = up > -82 && up <= -60 && at > 150 && at < 214;
  const isFunnel = up > -102 && up <= -60 && at > 62 + up / 12 && at < 94 + up / 12;
  if (isFunnel) return up < -92 ? [190, 60, 52] : hull;
  const row = up > -54 && up < -46 ? 24 : up > -26 && up < -18 ? 30 : up > -76 && up < -68 ? 13 : 0;
  if (row > 0 && (isDeck || isHull || isBridge) && at % row < row / 2.4 && at > 30 && at < 230) return lamp;
  if (isHull && up > 2) return [122, 38, 44];
  return isHull || isDeck || isBridge ? hull : undefined;
}

function hills(x: number): number {
  return horizon - 12 - 14 * Math.sin(x / 61) - 9 * Math.sin(x / 23 + 2) - Math.max(0, (x - 500) / 5);
}

const pixels = Array.from({ length: width * height }, (_, i): Ink => {
  const [x, y] = [i % width, Math.floor(i / width)];
  const vessel = ship(x, y);
  if (vessel !== undefined) return vessel;
  if (y >= horizon) return sea(x, y);
  return y > hills(x) && (x > 470 || x < 150) ? [58, 44, 78] : sky(x, y);
});

export const dawn: Picture = {
  format: 'JPEG',
  fullWidth: 5760,
  fullHeight: 3600,
  width,
  height,
  rgba: Uint8Array.from(pixels.flatMap(([r, g, b]) => [r, g, b, 255])),
};
