/** A session as the chat needs it: who it is, what it may know, and how it is told. Made in connection.ts; worker threads. */

import { Code, encodePath, FerryError, type Path } from '@ferry/protocol';
import type { Link } from '@ferry/protocol/link';
import type { ServerChannel } from '@ferry/protocol/session';
import type { AccessStore } from '../access/access-store.ts';
import type { Principal } from '../access/principal.ts';
import { isVisible, mayChat } from '../access/rights.ts';
import type { ChatHub, ChatLink } from '../chat/chat-hub.ts';
import type { ChatMember } from '../chat/chat-member.ts';
import type { SessionContext } from './context.ts';
import { accountKey, personKey } from './person-key.ts';

/** Into the chat for one session, once it wants to. */
export type ChatDoor = {
  /** @throws {FerryError} FORBIDDEN, IO_ERROR: why there is no chat */
  readonly member: () => ChatMember;
  /** The session has ended. */
  readonly end: () => void;
};

export function chatDoor(hub: ChatHub | FerryError, { account }: Principal, link: () => ChatLink): ChatDoor {
  let member: ChatMember | undefined;
  return {
    member: () => {
      if (hub instanceof FerryError) throw hub;
      // Whoever was given a line to some files was not given the people who work with them.
      if (account?.share !== undefined) {
        throw new FerryError(
          Code.FORBIDDEN,
          'what was shared with you are files: there is nobody to talk with',
        );
      }
      member ??= hub.enter(link());
      return member;
    },
    end: () => member?.end(),
  };
}

export function chatLink(
  { principal, standing }: SessionContext,
  store: AccessStore,
  link: Link,
  channel: ServerChannel,
): ChatLink {
  const { user, account, root } = principal;
  const scope = encodePath(root);
  /** Of a session that is being ended there are none. */
  const permits = (what: () => boolean): boolean => {
    try {
      return what();
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      return false;
    }
  };
  return {
    who: {
      key: personKey(principal, link.peer),
      account: account?.id,
      name: user,
      scope,
    },
    mayChat: () => permits(() => mayChat(standing.rights())),
    isOwner: () => permits(() => standing.rights().role === 'owner'),
    maySee: (path: Path) => permits(() => isVisible(standing.rights(), [...root, ...path])),
    partner: (name) => {
      const found = store.accountOf(name, Date.now());
      const isOfShare = found !== undefined && encodePath(found.root).equals(scope);
      if (found === undefined || !isOfShare || !mayChat({ role: found.role, rules: [] })) {
        throw new FerryError(Code.NOT_FOUND, 'nobody of that name can be talked to here');
      }
      return { account: found.id, name };
    },
    keyOf: accountKey,
    send: (event) => channel.sendEncodedEvent(event),
    writable: () => channel.writable,
    ready: () => channel.ready(),
  };
}
