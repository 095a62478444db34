/**
 * The one error class and the numeric codes it carries, shared by both ends, all threads and the wire.
 * Codes are stable: they are never reused and never change their meaning (docs/PROTOCOL.md lists them).
 * An error is recognised by its code, never by its text.
 */

export const Code = {
  INTERNAL: 1,
  FRAME_TOO_LARGE: 10,
  MALFORMED: 11,
  UNKNOWN_MESSAGE: 12,
  BAD_STATE: 13,
  VERSION: 14,
  AUTH_FAILED: 20,
  AUTH_REQUIRED: 21,
  AUTH_THROTTLED: 22,
  TICKET_INVALID: 23,
  TICKET_EXPIRED: 24,
  REVOKED: 25,
  PIN_MISMATCH: 26,
  PIN_UNKNOWN: 27,
  KICKED: 28,
  FORBIDDEN: 30,
  READ_ONLY: 31,
  QUOTA: 32,
  NAME_INVALID: 40,
  NAME_TOO_LONG: 41,
  NOT_FOUND: 42,
  NOT_REGULAR: 43,
  NOT_FOLDER: 44,
  EXISTS: 45,
  NOT_EMPTY: 46,
  CONFLICT: 47,
  SOURCE_CHANGED: 50,
  INTEGRITY: 51,
  NO_SPACE: 52,
  IO_ERROR: 53,
  BUSY: 60,
  LIMIT: 61,
  TIMEOUT: 62,
  SHUTTING_DOWN: 63,
  WORKER_LOST: 64,
  CONNECTION_LOST: 65,
  CONNECT_FAILED: 66,
  CANCELLED: 67,
  CONFIG: 70,
  USAGE: 71,
} as const;

export type Code = (typeof Code)[keyof typeof Code];

/** `'NOT_FOUND'` and the like: what users and scripts see beside the sentence. */
export type CodeName = keyof typeof Code;

const nameByCode: ReadonlyMap<number, CodeName> = new Map(
  Object.entries(Code).map(([name, code]) => [code, name as CodeName]),
);

/** Conditions that may be gone a moment later without anyone doing anything. */
const retryable: ReadonlySet<Code> = new Set([
  Code.INTEGRITY,
  Code.BUSY,
  Code.LIMIT,
  Code.TIMEOUT,
  Code.SHUTTING_DOWN,
  Code.WORKER_LOST,
  Code.CONNECTION_LOST,
  Code.CONNECT_FAILED,
  Code.AUTH_THROTTLED,
  Code.TICKET_EXPIRED,
]);

/** The code's name, or `CODE_<n>` for one that a newer peer sent. */
export function codeName(code: number): string {
  return nameByCode.get(code) ?? `CODE_${code}`;
}

/** True when a number from the wire is a code this build knows. */
export function isCode(code: number): code is Code {
  return nameByCode.has(code);
}

/** True for a name that {@link codeName} gives to a code of this build. */
export function isCodeName(name: string): name is CodeName {
  return Object.hasOwn(Code, name);
}

export type FerryErrorOpts = {
  cause?: unknown;
  /** The peer's hint for when a retry is worth it, milliseconds. */
  retryAfterMs?: number;
};

/**
 * What went wrong, for a person (`message`: one plain sentence without a full stop) and for a program (`code`).
 * The message may contain text from the other side; it reaches a screen or log only through `show`.
 */
export class FerryError extends Error {
  readonly code: Code;
  readonly retryAfterMs: number | undefined;

  constructor(code: Code, message: string, opts: FerryErrorOpts = {}) {
    super(message, opts.cause === undefined ? undefined : { cause: opts.cause });
    this.name = 'FerryError';
    this.code = code;
    this.retryAfterMs = opts.retryAfterMs;
  }

  /** Worth trying again without the user changing anything. */
  get retryable(): boolean {
    return retryable.has(this.code);
  }

  get codeName(): string {
    return codeName(this.code);
  }
}

/** An error as it crosses the wire or a thread: a message, not a thrown object. */
export type WireError = readonly [code: number, message: string, retryAfterMs: number];

export function toWireError(error: FerryError): WireError {
  return [error.code, error.message, error.retryAfterMs ?? 0];
}

/** The receiving side builds the error. A code this build does not know becomes INTERNAL and keeps its number in the text. */
export function fromWireError([code, message, retryAfterMs]: WireError): FerryError {
  const opts = retryAfterMs > 0 ? { retryAfterMs } : {};
  if (isCode(code)) return new FerryError(code, message, opts);
  return new FerryError(Code.INTERNAL, `${message} (code ${code})`, opts);
}

/**
 * Any thrown value as a FerryError: ours unchanged, an abort as CANCELLED, the rest through `otherwise`
 * (default: INTERNAL). For the edges where an unknown failure must become an answer.
 */
export function asFerryError(
  error: unknown,
  otherwise: (error: unknown) => FerryError = (cause) =>
    new FerryError(Code.INTERNAL, 'something unexpected went wrong', { cause }),
): FerryError {
  if (error instanceof FerryError) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    if (error.cause instanceof FerryError) return error.cause;
    return new FerryError(Code.CANCELLED, 'cancelled', { cause: error });
  }
  return otherwise(error);
}
