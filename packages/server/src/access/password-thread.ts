/**
 * The one thread that checks passwords, one after the other, so that no other thread ever waits for a hash. Started by
 * supervisor/passwords.ts.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { AccessStore } from './access-store.ts';
import { checkPassword, hashPassword, nobodysRecord } from './password.ts';

export type PasswordQuestion = { readonly id: number; readonly user: string; readonly password: string };
/** `account`: whose password it is; undefined: wrong, whatever is. */
export type PasswordAnswer = { readonly id: number; readonly account: number | undefined };

if (parentPort === null) throw new Error('this file runs in a worker thread');
const port = parentPort;
const store = new AccessStore((workerData as { readonly accessFile: string }).accessFile);
const nobody = nobodysRecord();

port.on('message', ({ id, user, password }: PasswordQuestion) => {
  const found = store.passwordOf(user, Date.now());
  const { isRight, isStale } = checkPassword(password, found?.record ?? nobody);
  const account = isRight ? found?.account : undefined;
  if (account !== undefined && isStale) store.renewPassword(account, hashPassword(password));
  port.postMessage({ id, account } satisfies PasswordAnswer);
});
