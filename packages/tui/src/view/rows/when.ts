/** A time as a column of eight cells. Pure; UI thread. */

import { type Time, timeToMs } from '@ferry/protocol';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const dayMs = 86_400_000;

export const whenCells = 7;

/** `14:05` today, `12 Oct` within about a year, the year before that. */
export function when(time: Time, nowMs: number): string {
  const ms = timeToMs(time);
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const today = new Date(nowMs);
  const midnight = today.setHours(0, 0, 0, 0);
  if (ms >= midnight && ms < midnight + dayMs) return `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (Math.abs(nowMs - ms) < 330 * dayMs) return `${date.getDate()} ${months[date.getMonth()] ?? ''}`;
  return String(date.getFullYear());
}

export const minuteCells = 16;

/** `2026-10-20 14:05`, by the clock on the wall. */
export function minute(ms: number): string {
  return moment(ms).slice(0, minuteCells);
}

/** `2026-10-20 14:05:33`, by the clock on the wall. */
export function moment(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `0:06`, `12:40`, `3:07:00`; `--:--` where there is no telling. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0 || seconds >= 360_000) return '--:--';
  const whole = Math.ceil(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
