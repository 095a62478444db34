/**
 * What can be changed in a file that several servers keep together, declared one by one: what an order says and what comes of it, and
 * how it is done to the file. access/operations.ts and chat/operations.ts declare theirs; any thread.
 *
 * Every server does the same operations in the same order and must come to the same: so what is done depends on the file and the
 * order alone. Times and what is random are in the order. What an operation of a name means never changes: a change of mind gets a
 * new name, and a server that does not know that one stops there rather than guessing.
 */

import { Code, FerryError } from '@ferry/protocol';
import { type Packable, pack, type Shape, unpack } from '@ferry/protocol/wire';

/** Made by {@link declare}. */
export interface Declared<File, Order, Answer> {
  /** In a transaction. @throws {FerryError} a refusal, which is an answer too; IO_ERROR: the file cannot be used now */
  apply(file: File, order: Order): Answer;
  putOrder(order: Order): Packable;
  /** @throws {FerryError} MALFORMED */
  getOrder(value: unknown): Order;
  putAnswer(answer: Answer): Packable;
  /** @throws {FerryError} MALFORMED */
  getAnswer(value: unknown): Answer;
}

export type Operations<File> = { readonly [name: string]: Declared<File, unknown, unknown> };

export type OrderOf<One> = One extends { putOrder(order: infer Order): Packable } ? Order : never;
export type AnswerOf<One> = One extends { getAnswer(value: unknown): infer Answer } ? Answer : never;

/** Where changes are made: in this machine's file, or in the log that several servers share. */
export interface Changes<Ops> {
  /**
   * Resolves with what came of it, once it holds and can be read from this machine's file.
   * @throws {FerryError} what the operation refuses; BUSY: nobody knows now, and it may still be done; IO_ERROR
   */
  make<Name extends keyof Ops & string>(name: Name, order: OrderOf<Ops[Name]>): Promise<AnswerOf<Ops[Name]>>;
}

export function declare<File, Order, Answer>(
  order: Shape<Order>,
  answer: Shape<Answer>,
  apply: (file: File, order: Order) => Answer,
): Declared<File, Order, Answer> {
  return {
    apply,
    putOrder: (value) => order.put(value),
    getOrder: (value) => order.get(value, 'order'),
    putAnswer: (value) => answer.put(value),
    getAnswer: (value) => answer.get(value, 'answer'),
  };
}

/** An order as it stands in a log. */
export function encodeOrder<File>(operations: Operations<File>, name: string, order: unknown): Buffer {
  return pack([name, declaredAs(operations, name).putOrder(order)]);
}

/**
 * Does what a log says, and gives what came of it.
 * @throws {FerryError} VERSION: a newer server's, or none of ours; the operation's refusal; IO_ERROR
 */
export function applyOrder<File>(operations: Operations<File>, file: File, bytes: Buffer): Buffer {
  const { declared, order } = readOrder(operations, bytes);
  return pack(declared.putAnswer(declared.apply(file, order)));
}

/** What was done, and what came of it, if it is of that name. */
export function orderIn<Ops extends Operations<never>, Name extends keyof Ops & string>(
  operations: Ops,
  name: Name,
  order: Buffer,
  answer: Buffer,
): { readonly order: OrderOf<Ops[Name]>; readonly answer: AnswerOf<Ops[Name]> } | undefined {
  const said = unpack(order) as readonly unknown[];
  if (said[0] !== name) return undefined;
  const declared = declaredAs(operations, name);
  return {
    order: declared.getOrder(said[1]) as OrderOf<Ops[Name]>,
    answer: declared.getAnswer(unpack(answer)) as AnswerOf<Ops[Name]>,
  };
}

/** @throws {FerryError} MALFORMED */
export function decodeAnswer<File>(operations: Operations<File>, name: string, bytes: Buffer): unknown {
  return declaredAs(operations, name).getAnswer(unpack(bytes));
}

function readOrder<File>(
  operations: Operations<File>,
  bytes: Buffer,
): { declared: Operations<File>[string]; order: unknown } {
  try {
    const said = unpack(bytes);
    const [name, body]: readonly unknown[] = Array.isArray(said) ? said : [];
    const declared = declaredAs(operations, typeof name === 'string' ? name : '');
    return { declared, order: declared.getOrder(body) };
  } catch (cause) {
    throw new FerryError(
      Code.VERSION,
      'the servers on the bus have agreed on something that this ferryd does not know: use the same release on all',
      { cause },
    );
  }
}

/** @throws {FerryError} MALFORMED: none of these */
export function declaredAs<File>(operations: Operations<File>, name: string): Operations<File>[string] {
  const found = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (found === undefined) throw new FerryError(Code.MALFORMED, 'there is no such operation');
  return found;
}
