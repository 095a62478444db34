/** Changes of one server alone: each is done to its own file there and then. Main and worker threads. */

import { type AnswerOf, type Changes, declaredAs, type Operations, type OrderOf } from './declared.ts';

export class LocalChanges<File, Ops extends Operations<File>> implements Changes<Ops> {
  readonly #operations: Ops;
  readonly #file: () => File;

  /** @param file opened with the first change */
  constructor(operations: Ops, file: () => File) {
    this.#operations = operations;
    this.#file = file;
  }

  async make<Name extends keyof Ops & string>(
    name: Name,
    order: OrderOf<Ops[Name]>,
  ): Promise<AnswerOf<Ops[Name]>> {
    const operations: Operations<File> = this.#operations;
    return declaredAs(operations, name).apply(this.#file(), order) as AnswerOf<Ops[Name]>;
  }
}
