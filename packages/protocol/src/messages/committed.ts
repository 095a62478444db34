/** What the server says of a file that it has published. Part of several messages. */

import type { Facts } from '../entry.ts';
import { flag, tuple } from '../wire/shape.ts';
import { facts } from './facts.ts';

/** `durable` is false only on file systems that cannot sync a folder. */
export type Committed = { readonly facts: Facts; readonly durable: boolean };

export const committed = tuple<Committed>({ facts, durable: flag });
