/** share, listShares, endShare and received: see the messages of that name. */

import { randomBytes } from 'node:crypto';
import { Code, EntryKind, encodePath, FerryError, limits, type Path, showName } from '@ferry/protocol';
import {
  endShare,
  listedPaths,
  listShares,
  received,
  ShareKind,
  type ShareRow,
  share,
  shareIdBytes,
  tokenBytes,
} from '@ferry/protocol/messages';
import { handler } from '@ferry/protocol/session';
import { hashOf } from '../../access/access-store.ts';
import type { Account } from '../../access/principal.ts';
import { may, type Right, refusal } from '../../access/rights.ts';
import type { ShareDesk } from '../../access/share-desk.ts';
import { type ShareFacts, userOf } from '../../access/shares.ts';
import { type SessionContext, shownPath } from '../context.ts';

export function shareHandler(context: SessionContext, desk: ShareDesk) {
  const { principal, who, log } = context;
  return handler(share, async ({ kind, paths, forMs, downloads }, { signal }) => {
    const account = makerOf(context);
    const isDrop = kind === ShareKind.drop;
    if (paths.length === 0) throw new FerryError(Code.NOT_FOUND, 'say what to share');
    if (isDrop && paths.length > 1) throw new FerryError(Code.NOT_FOLDER, 'a drop box is one folder');
    if (paths.reduce((sum, path) => sum + encodePath(path).length, 0) > limits.sharePathBytes) {
      throw new FerryError(Code.LIMIT, 'the paths are too long to share together');
    }
    const isFolder: boolean[] = [];
    for (const path of paths) isFolder.push(await isSharedFolder(context, path, isDrop, signal));
    const nowMs = Date.now();
    const expiresMs = nowMs + forMs;
    const id = randomBytes(shareIdBytes);
    const token = randomBytes(tokenBytes);
    await desk.changes.make('share', {
      maker: account.id,
      kind: isDrop ? 'drop' : 'read',
      paths: paths.map((path) => [...principal.root, ...path]),
      isFolder: paths.length === 1 && isFolder[0] === true,
      expiresMs,
      downloads: isDrop ? undefined : downloads,
      id,
      tokenHash: hashOf(token),
      nowMs,
    });
    const user = userOf(id);
    const [first = []] = paths;
    log({
      what: 'shared',
      who,
      path: shownPath(context, first),
      files: paths.length,
      as: showName(user),
    });
    return { id, user, token, expiresMs };
  });
}

export function listSharesHandler({ principal }: SessionContext, desk: ShareDesk) {
  return handler(listShares, async (_request, call) => {
    const { account } = principal;
    if (account === undefined) return {};
    for (const facts of desk.shares.list(account.id, Date.now())) {
      if (!call.part(rowOf(facts, principal.root))) await call.ready();
    }
    return {};
  });
}

export function endShareHandler(context: SessionContext, desk: ShareDesk) {
  const { who, log } = context;
  return handler(endShare, async ({ id }) => {
    await desk.changes.make('endShare', { id, maker: makerOf(context).id });
    log({ what: 'unshared', who, as: showName(Buffer.from(id).toString('hex')) });
    return {};
  });
}

export function receivedHandler({ principal }: SessionContext, desk: ShareDesk) {
  return handler(received, async ({ paths }) => {
    await desk.received(
      principal,
      paths.map((path) => [...principal.root, ...path]),
    );
    return {};
  });
}

/** @throws {FerryError} FORBIDDEN */
function makerOf({ principal: { account } }: SessionContext): Account {
  if (account !== undefined && account.share === undefined) return account;
  throw new FerryError(Code.FORBIDDEN, 'only who has an account here can share');
}

/** Whether it is a folder. @throws {FerryError} FORBIDDEN, NOT_FOUND, NOT_FOLDER, NOT_REGULAR */
async function isSharedFolder(
  { principal, standing, storage }: SessionContext,
  path: Path,
  isDrop: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const rights = standing.rights();
  const at = [...principal.root, ...path];
  const needed: readonly Right[] = isDrop ? ['share', 'create'] : ['share', 'list', 'read'];
  const missing = needed.find((right) => !may(rights, right, at));
  if (missing !== undefined) throw refusal(missing, rights, principal.root);
  const { kind } = await storage.stat(path, { signal });
  if (kind === EntryKind.folder) return true;
  if (isDrop) throw new FerryError(Code.NOT_FOLDER, 'a drop box has to be a folder');
  if (kind === EntryKind.file) return false;
  throw new FerryError(Code.NOT_REGULAR, 'only files and folders can be shared');
}

function rowOf(facts: ShareFacts, root: Path): ShareRow {
  const { id, kind, maker, paths, ...rest } = facts;
  return {
    ...rest,
    id,
    kind: kind === 'drop' ? ShareKind.drop : ShareKind.read,
    maker,
    // An account whose root was moved since has paths that lie outside of it now.
    paths: paths.slice(0, listedPaths).map((path) => path.slice(root.length)),
    pathCount: paths.length,
  };
}
