/** What crosses between a member of the bus and its hub: one union per direction. Worker and main threads. */

/** Every subject, where it was too much to name them. */
export type Subjects = readonly string[] | 'all';

/** What counts against the other side's window; see outflow.ts. */
export type Counted =
  | { readonly what: 'message'; readonly subject: string; readonly body: Uint8Array; readonly from: string }
  /** Messages of these subjects were lost here. */
  | { readonly what: 'gap'; readonly subjects: Subjects };

export type ToHub =
  | Counted
  | { readonly what: 'subscribe'; readonly subject: string; readonly id: number }
  | { readonly what: 'leave'; readonly subject: string }
  /** The member itself leaves. */
  | { readonly what: 'close' }
  /** So many counted parcels have been dealt with. */
  | { readonly what: 'taken'; readonly parcels: number };

export type FromHub =
  | Counted
  | { readonly what: 'subscribed'; readonly id: number }
  | { readonly what: 'gone'; readonly member: string }
  | { readonly what: 'taken'; readonly parcels: number };
