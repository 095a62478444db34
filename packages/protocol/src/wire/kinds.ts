/**
 * The kind byte of every frame. The numbers are the protocol: never reused, never renumbered.
 */

export const Kind = {
  /** Answers, by the id of their request. */
  reply: 0x01,
  part: 0x02,
  error: 0x03,
  /** Client to server: the request of this id is no longer wanted. */
  cancel: 0x04,
  /** Server to client, unasked; id 0. */
  event: 0x05,
  ping: 0x06,
  pong: 0x07,
  /** The first frame of a connection decides what it is. */
  hello: 0x10,
  attach: 0x11,
  password: 0x12,
  /** Requests of the control connection. */
  list: 0x20,
  stat: 0x21,
  mkdir: 0x22,
  rename: 0x23,
  remove: 0x24,
  space: 0x25,
  ticket: 0x26,
  setFacts: 0x27,
  readLink: 0x28,
  makeLink: 0x29,
  readRange: 0x2a,
  owner: 0x2b,
  setOwner: 0x2c,
  /** Long work inside of the server. */
  copy: 0x30,
  move: 0x31,
  removeTree: 0x32,
  sum: 0x33,
  usage: 0x34,
  find: 0x35,
  trash: 0x36,
  listTrash: 0x37,
  restore: 0x38,
  emptyTrash: 0x39,
  unpack: 0x3a,
  /** Long work that file bytes come from; on lanes. */
  archive: 0x3b,
  /** Requests of a lane. `block` also carries file bytes from server to client, by the id of the read. */
  read: 0x40,
  create: 0x41,
  block: 0x42,
  commit: 0x43,
  discard: 0x44,
  store: 0x45,
  fetch: 0x46,
  manifest: 0x47,
  patch: 0x48,
  readSlice: 0x49,
  slice: 0x4a,
  locate: 0x4b,
  /** The chat, on the control connection. */
  rooms: 0x58,
  join: 0x59,
  leave: 0x5a,
  say: 0x5b,
  history: 0x5c,
  unsay: 0x70,
  mute: 0x71,
  /** Watching, on the control connection. */
  watch: 0x50,
  unwatch: 0x51,
  /** Presence, on the control connection. */
  who: 0x52,
  activity: 0x53,
  /** Accounts, on the control connection. */
  enrol: 0x60,
  listAccounts: 0x61,
  listDevices: 0x62,
  listInvites: 0x63,
  listVisits: 0x64,
  invite: 0x65,
  changeAccount: 0x66,
  withdraw: 0x67,
  /** Shares, on the control connection… */
  share: 0x68,
  listShares: 0x69,
  endShare: 0x6a,
  /** …and, from who downloads, on lanes. */
  received: 0x6b,
} as const;

export type Kind = (typeof Kind)[keyof typeof Kind];

const nameByKind: ReadonlyMap<number, string> = new Map(
  Object.entries(Kind).map(([name, kind]) => [kind, name]),
);

export function kindName(kind: number): string {
  return nameByKind.get(kind) ?? `0x${kind.toString(16)}`;
}
