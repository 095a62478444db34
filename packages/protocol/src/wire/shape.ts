/**
 * Small checked shapes that messages are declared with: each knows its msgpack form and how to check it on arrival.
 * On the wire a message is a tuple; fields are positional, and elements behind the known ones are ignored, so that a later
 * version may add to the end. Pure.
 */

import { checkTime, decodeEntry, type Entry, encodeEntry, isInteger, type Time } from '../entry.ts';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { byteString, bytesOf, decodePath, encodePath, type Name, nameFromBytes, type Path } from '../path.ts';
import type { Packable } from './msgpack.ts';

export type Shape<T> = {
  put: (value: T) => Packable;
  /** @throws {FerryError} MALFORMED, or a NAME_… code for names */
  get: (value: unknown, field: string) => T;
};

function fault(field: string, expected: string): FerryError {
  return new FerryError(Code.MALFORMED, `field ${field} is not ${expected}`);
}

export function integer(low = 0, high: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return {
    put: (value) => value,
    get: (value, field) => {
      if (!isInteger(value, low, high)) throw fault(field, `a whole number from ${low} to ${high}`);
      return value;
    },
  };
}

/** One of a few integers, by table. */
export function oneOf<const T extends number>(...allowed: readonly T[]): Shape<T> {
  const set: ReadonlySet<unknown> = new Set(allowed);
  return {
    put: (value) => value,
    get: (value, field) => {
      if (!set.has(value) || Object.is(value, -0)) throw fault(field, `one of ${allowed.join(', ')}`);
      return value as T;
    },
  };
}

export const flag: Shape<boolean> = {
  put: (value) => value,
  get: (value, field) => {
    if (typeof value !== 'boolean') throw fault(field, 'true or false');
    return value;
  },
};

/** Text of at most `maxBytes` UTF-8 bytes. What arrives is still foreign text: `show` it. */
export function text(maxBytes: number = limits.textBytes): Shape<string> {
  return {
    put: (value) => value,
    get: (value, field) => {
      if (typeof value !== 'string' || Buffer.byteLength(value) > maxBytes) {
        throw fault(field, `text of at most ${maxBytes} bytes`);
      }
      return value;
    },
  };
}

/** Bytes as a buffer of their own (a copy: the frame's buffer is reused). */
export function bytes(low: number, high: number): Shape<Uint8Array> {
  return {
    put: (value) => value,
    get: (value, field) => Buffer.from(checkBytes(value, field, low, high)),
  };
}

function checkBytes(value: unknown, field: string, low: number, high: number): Uint8Array {
  if (value instanceof Uint8Array && value.byteLength >= low && value.byteLength <= high) return value;
  throw fault(field, low === high ? `${low} bytes` : `${low} to ${high} bytes`);
}

/** As {@link bytes}, but where they lie in the message: for operations that keep it. */
export function bytesInPlace(low: number, high: number): Shape<Uint8Array> {
  return {
    put: (value) => value,
    get: (value, field) => checkBytes(value, field, low, high),
  };
}

/** Bytes as a byte string: comparable and cheap to keep. */
export function byteText(low: number, high: number): Shape<string> {
  const raw = bytes(low, high);
  return {
    put: (value) => Buffer.from(value, 'latin1'),
    get: (value, field) => byteString(raw.get(value, field)),
  };
}

export const path: Shape<Path> = {
  put: encodePath,
  get: (value, field) => {
    if (!(value instanceof Uint8Array)) throw fault(field, 'a path');
    return decodePath(value);
  },
};

/** A single name. */
export const name: Shape<Name> = {
  put: (value) => bytesOf(value),
  get: (value, field) => {
    if (!(value instanceof Uint8Array)) throw fault(field, 'a name');
    return nameFromBytes(value);
  },
};

export const entry: Shape<Entry> = { put: encodeEntry, get: decodeEntry };

export const time: Shape<Time> = {
  put: ({ s, ns }) => [s, ns],
  get: (value, field) => {
    if (!Array.isArray(value) || value.length < 2) throw fault(field, 'a time');
    return checkTime(value[0], value[1]);
  },
};

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    put: (value) => (value === undefined ? null : shape.put(value)),
    get: (value, field) => (value === null ? undefined : shape.get(value, field)),
  };
}

export function array<T>(shape: Shape<T>, maxItems: number): Shape<readonly T[]> {
  return {
    put: (values) => values.map(shape.put),
    get: (value, field) => {
      if (!Array.isArray(value) || value.length > maxItems)
        throw fault(field, `a list of at most ${maxItems}`);
      return value.map((item: unknown) => shape.get(item, field));
    },
  };
}

/** An object in memory, its fields in order of declaration as an array on the wire. */
export function tuple<T extends object>(fields: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return {
    put: (value) => names.map((name) => fields[name].put(value[name])),
    get: (value, field) => {
      if (!Array.isArray(value) || value.length < names.length)
        throw fault(field, `a tuple of ${names.length}`);
      const fresh: Partial<T> = {};
      names.forEach((name, i) => {
        fresh[name] = fields[name].get(value[i], name);
      });
      return fresh as T;
    },
  };
}

export type Nothing = Record<never, never>;
export const nothing: Shape<Nothing> = { put: () => [], get: () => ({}) };
