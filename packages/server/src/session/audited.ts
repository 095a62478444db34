/**
 * Tells the audit log of every message that is served, in the one place that all of them pass: a handler cannot forget. What moves a
 * file takes many messages; those are left to whoever knows the file (lane-reads, lane-uploads, store, fetch). Worker threads.
 */

import { type Code, Code as Codes, FerryError, type Path, type Shown, show } from '@ferry/protocol';
import type { Handler, ServerCall } from '@ferry/protocol/session';
import { decodeBody, Kind, kindName } from '@ferry/protocol/wire';
import type { Action, Audit } from '../audit/audit-line.ts';

/** Of these the audit log hears by file, with how much of it moved; here only when they fail. */
const summed: ReadonlySet<number> = new Set<Kind>([Kind.read, Kind.readSlice, Kind.store, Kind.fetch]);
/** Of these it hears by file in any case, or they do nothing worth telling; here only when the account may not. */
const told: ReadonlySet<number> = new Set<Kind>([
  Kind.create,
  Kind.block,
  Kind.slice,
  Kind.patch,
  Kind.commit,
  Kind.discard,
  Kind.watch,
  Kind.unwatch,
  Kind.ticket,
  Kind.space,
  // Talking has a history of its own.
  Kind.rooms,
  Kind.leave,
  Kind.say,
  Kind.history,
]);

const forbidden: ReadonlySet<Code> = new Set([Codes.FORBIDDEN, Codes.READ_ONLY, Codes.REVOKED, Codes.KICKED]);

/** The same handler, which tells the audit log of what it does. `check` throws when that may not be done now. */
export function audited(kind: number, { op, serve }: Handler, audit: Audit, check: () => void): Handler {
  return {
    op,
    serve: async (body, call) => {
      const beganMs = performance.now();
      const request = peek(op, body);
      const figures: Figures = { bytes: 0 };
      const tell = (error: FerryError | undefined): void => {
        if (!isWorthTelling(kind, error)) return;
        const ms = performance.now() - beganMs;
        audit({ verb: kindName(kind), ...subjectOf(kind, request), ...figuresOf(figures), ms, error });
      };
      try {
        check();
        const reply = await serve(body, watched(call, figures));
        tell(undefined);
        return reply;
      } catch (error) {
        if (error instanceof FerryError) tell(error);
        throw error;
      }
    },
  };
}

type Figures = { bytes: number; reply?: unknown };

function watched(call: ServerCall<unknown>, figures: Figures): ServerCall<unknown> {
  return {
    ...call,
    onReply: (reply) => {
      figures.reply = reply;
    },
    block: (buffer, header, sent) => {
      figures.bytes += header.length;
      return call.block(buffer, header, sent);
    },
  };
}

function isWorthTelling(kind: number, error: FerryError | undefined): boolean {
  if (told.has(kind)) return error !== undefined && forbidden.has(error.code);
  if (summed.has(kind)) return error !== undefined && error.code !== Codes.CANCELLED;
  return true;
}

/** What a message is about, before it is looked into; what cannot be read is refused by the handler in its own words. */
function peek({ request }: Handler['op'], body: Buffer): unknown {
  try {
    return decodeBody(request, body);
  } catch (error) {
    if (error instanceof FerryError) return undefined;
    throw error;
  }
}

/** By the names that all messages use for what they are about. */
function subjectOf(kind: number, request: unknown): Pick<Action, 'path' | 'to' | 'about'> {
  const { path, from, folder, archive, to, paths, user, name, id } = fieldsOf(request);
  const [first]: readonly unknown[] = Array.isArray(paths) ? paths : [];
  return {
    path: pathIn(path ?? from ?? folder ?? archive ?? first),
    to: pathIn(to),
    about: isOfAccounts(kind) ? wordIn(user ?? name ?? id) : undefined,
  };
}

/** Accounts and shares are named, and are no paths. */
function isOfAccounts(kind: number): boolean {
  return kind > Kind.enrol && kind <= Kind.received;
}

function wordIn(value: unknown): Shown | undefined {
  if (value instanceof Uint8Array) return show(Buffer.from(value).toString('hex'));
  return typeof value === 'string' ? show(value) : undefined;
}

function figuresOf({ bytes, reply }: Figures): Pick<Action, 'bytes' | 'files' | 'failed'> {
  const { bytes: worked, files, failed, content } = fieldsOf(reply);
  const read = content instanceof Uint8Array ? content.length : undefined;
  return {
    bytes: bytes > 0 ? bytes : (numberIn(worked) ?? read),
    files: numberIn(files),
    failed: numberIn(failed),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Requests were checked when they were decoded: an array under one of these names is a path. */
function pathIn(value: unknown): Path | undefined {
  return Array.isArray(value) ? (value as unknown as Path) : undefined;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
