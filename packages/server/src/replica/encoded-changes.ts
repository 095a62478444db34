/** Changes that somebody else makes, who is given encoded orders: a replica, of this thread or another one. Any thread. */

import {
  type AnswerOf,
  type Changes,
  decodeAnswer,
  encodeOrder,
  type Operations,
  type OrderOf,
} from './declared.ts';

export class EncodedChanges<File, Ops extends Operations<File>> implements Changes<Ops> {
  readonly #operations: Ops;
  readonly #change: (order: Buffer) => Promise<Buffer>;

  constructor(operations: Ops, change: (order: Buffer) => Promise<Buffer>) {
    this.#operations = operations;
    this.#change = change;
  }

  async make<Name extends keyof Ops & string>(
    name: Name,
    order: OrderOf<Ops[Name]>,
  ): Promise<AnswerOf<Ops[Name]>> {
    const answer = await this.#change(encodeOrder<File>(this.#operations, name, order));
    return decodeAnswer<File>(this.#operations, name, answer) as AnswerOf<Ops[Name]>;
  }
}
