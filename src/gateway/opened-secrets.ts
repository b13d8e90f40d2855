// What senders and accounts have sealed in the database, opened for those parts that use it, each secret once.
import type { Log } from '../lib/log.js';
import type { Directory, DirectorySender } from '../store/directory.js';

/** Clear secrets of this process. */
export interface OpenedSecrets {
  /** The access token of a sender; undefined, and logged: it was sealed with a key that we are not given. */
  tokenOf(sender: DirectorySender): string | undefined;
  /** The same, but throws instead. */
  requireToken(sender: DirectorySender): string;
  /** The signing secrets of an account that are in force. Throws as `requireToken`. */
  signing(account: number): string[];
}

/** Secrets are remembered by their sealed bytes, as long as the directory has these. */
export function createOpenedSecrets(directory: Directory, open: (sealed: Buffer) => string, log: Log): OpenedSecrets {
  const opened = new WeakMap<Buffer, string>();
  function openOnce(sealed: Buffer): string {
    const known = opened.get(sealed);
    if (known !== undefined) return known;
    const clear = open(sealed);
    opened.set(sealed, clear);
    return clear;
  }
  return {
    tokenOf(sender) {
      try {
        return openOnce(sender.accessToken);
      } catch {
        log.error({
          event: 'secrets.unreadable',
          lane: sender.id,
          hint: 'PARLEY_SECRET_KEY is not the key it was sealed with',
        });
        return undefined;
      }
    },
    requireToken: (sender) => openOnce(sender.accessToken),
    signing: (account) => directory.signingSecrets(account).map(openOnce),
  };
}
