/**
 * The one thread that checks passwords, one after the other, so that no other thread ever waits for a hash. Started by
 * supervisor/passwords.ts.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { AccessStore } from './access-store.ts';
import { checkPassword, hashPassword, nobodysRecord } from './password.ts';

export type PasswordQuestion = { readonly id: number; readonly user: string; readonly password: string };
/** `account`: whose password it is; undefined: wrong, whatever is. `renewed`: the same password, to be kept in another form. */
export type PasswordAnswer = {
  readonly id: number;
  readonly account: number | undefined;
  readonly renewed: string | undefined;
};

if (parentPort === null) throw new Error('this file runs in a worker thread');
const port = parentPort;
const store = new AccessStore((workerData as { readonly accessFile: string }).accessFile);
const nobody = nobodysRecord();

port.on('message', ({ id, user, password }: PasswordQuestion) => {
  const found = store.passwordOf(user, Date.now());
  const { isRight, isStale } = checkPassword(password, found?.record ?? nobody);
  const account = isRight ? found?.account : undefined;
  const renewed = account !== undefined && isStale ? hashPassword(password) : undefined;
  port.postMessage({ id, account, renewed } satisfies PasswordAnswer);
});
