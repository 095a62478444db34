/** Sizes, rates and durations in few cells. Pure; used by the screen. */

import prettyBytes from 'pretty-bytes';

export function bytesText(bytes: number): string {
  return prettyBytes(Math.max(0, Math.round(bytes)), { maximumFractionDigits: bytes < 1e4 ? 0 : 1 });
}

/** As limits are typed: `5 MiB` for 5M. */
export function limitBytes(bytes: number): string {
  return prettyBytes(bytes, { binary: true, maximumFractionDigits: 1 });
}

export function rateText(bytes: number): string {
  return `${bytesText(bytes)}/s`;
}

/** `12 s`, `3 min`, `5 h 20 min`, `3 d 4 h`. */
export function durationText(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 24) return `${h} h ${min % 60} min`;
  return `${Math.floor(h / 24)} d ${h % 24} h`;
}

/** `0:32`, `1:05:00`; for what is left. */
export function leftText(seconds: number): string {
  const s = Math.max(0, Math.ceil(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [h, min] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  if (h > 99) return '> 99 h';
  return h > 0 ? `${h}:${two(min)}:${two(s % 60)}` : `${min}:${two(s % 60)}`;
}
