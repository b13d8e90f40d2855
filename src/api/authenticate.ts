// Who calls: the account behind a request's credentials (Infobip 1.1).
import type { Directory, DirectoryAccount } from '../store/directory.js';

/** `unknown`: no or wrong credentials (401). `forbidden`: they are right but may not do this (403). */
export type Caller = { kind: 'account'; account: DirectoryAccount } | { kind: 'unknown' } | { kind: 'forbidden' };

const APP = /^App +([\x21-\x7e]{1,512}) *$/i;

/** Reads the Authorization header. A key of kind admin belongs to no account and may not send. */
export function authenticate(directory: Directory, authorization: string | undefined): Caller {
  const secret = authorization === undefined ? undefined : APP.exec(authorization)?.[1];
  const key = secret === undefined ? undefined : directory.keyOf(secret);
  if (key === undefined) return { kind: 'unknown' };
  const account = key.account === null ? undefined : directory.account(key.account);
  return account === undefined ? { kind: 'forbidden' } : { kind: 'account', account };
}
