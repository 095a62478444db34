/**
 * What somebody did, as one line of JSON for the audit log. Text from the other side stands in it as a screen may show it; where that
 * is not the text itself, its exact bytes stand beside it. Pure; worker threads, and the main thread for logins.
 */

import { encodePath, type FerryError, type Path, type Shown, show, showName } from '@ferry/protocol';
import { isOfAccount, type Order } from '../supervisor/order.ts';

/** Who does something, and from where. */
export type Actor = {
  readonly user: Shown;
  /** Of somebody who came in by a share: who made it. */
  readonly maker?: Shown | undefined;
  /** undefined: somebody without an account. */
  readonly account: number | undefined;
  /** As `ferryd devices` has it. */
  readonly device: string | undefined;
  /** `ADDRESS:PORT`. */
  readonly peer: string;
  /** Hex. */
  readonly session: string;
};

export type Action = {
  readonly verb: string;
  /** From the shared folder, here and in `to`. */
  readonly path?: Path | undefined;
  readonly to?: Path | undefined;
  /** Content. */
  readonly bytes?: number | undefined;
  readonly files?: number | undefined;
  /** What of a tree could not be done, though the rest was. */
  readonly failed?: number | undefined;
  /** How many like it this line stands for, if not one. */
  readonly times?: number | undefined;
  /** Whose account, or which device, invite or share. */
  readonly about?: Shown | undefined;
  /** How somebody logged in. */
  readonly by?: string | undefined;
  readonly ms: number;
  /** undefined: it was done. */
  readonly error?: FerryError | undefined;
};

/** Tells the audit log what one person did on one connection. */
export type Audit = (action: Action) => void;

/** Without an end. @param nowMs milliseconds since 1970 */
export function auditLine(
  { user, maker, account, device, peer, session }: Actor,
  action: Action,
  nowMs: number,
): string {
  const { verb, by, about, path, to, bytes, files, failed, times, ms, error } = action;
  return JSON.stringify({
    time: new Date(nowMs).toISOString(),
    user,
    maker,
    account,
    device,
    from: peer,
    session,
    verb,
    by,
    about,
    ...(path === undefined ? {} : pathFields('path', path)),
    ...(to === undefined ? {} : pathFields('to', to)),
    bytes,
    files,
    failed: failed === 0 ? undefined : failed,
    times: times === 1 ? undefined : times,
    ms: Math.round(ms * 10) / 10,
    result: error?.codeName ?? 'ok',
    why: error === undefined ? undefined : show(error.message),
  });
}

/** `path`, and `pathBytes` in base64 where what is shown says it in other words. */
function pathFields(key: string, path: Path): object {
  const bytes = Buffer.concat([Buffer.from('/'), encodePath(path)]);
  const shown = showName(bytes.toString('latin1'));
  if (Buffer.from(shown, 'utf8').equals(bytes)) return { [key]: shown };
  return { [key]: shown, [`${key}Bytes`]: bytes.toString('base64') };
}

/** Of somebody who was not let in. */
export function refusalLine(
  { peer, code, why }: { readonly peer: string; readonly code: string; readonly why: Shown },
  nowMs: number,
): string {
  return JSON.stringify({
    time: new Date(nowMs).toISOString(),
    from: peer,
    verb: 'login',
    result: code,
    why,
  });
}

/** Of the server itself: where its lines begin, and that they end because it was told to. */
export function serverLine(verb: 'start' | 'stop', pid: number, folder: Shown, nowMs: number): string {
  return JSON.stringify({ time: new Date(nowMs).toISOString(), verb, pid, folder, result: 'ok' });
}

/** Of what the owner does by hand while the server runs. @param whose session it is, as a log names people */
export function ownerLine(order: Order, whose: Shown, nowMs: number): string {
  return JSON.stringify({
    time: new Date(nowMs).toISOString(),
    user: 'owner',
    verb: order.do,
    of: whose,
    session: isOfAccount(order) ? undefined : order.session,
    ...('rates' in order ? order.rates : {}),
    ...(order.do === 'tell' ? { text: show(order.text) } : {}),
    result: 'ok',
  });
}
