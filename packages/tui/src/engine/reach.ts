/** Whether a server answers, as the connect screen shows it. Found out by client/probe. */

export type Reach =
  | { readonly kind: 'unknown' | 'looking' }
  /** `new`: its identity is not known yet. `ms`: from the first packet to a secured line. */
  | { readonly kind: 'answers' | 'new'; readonly ms: number }
  /** Who answers is not who is known. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'nobody'; readonly why: string };
