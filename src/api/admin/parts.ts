// What the admin API is given, and who calls it.
import type { KeyPlatform } from '../../contract/key-platform.js';
import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { Passwords } from '../../lib/passwords.js';
import type { SecretBox } from '../../lib/secrets.js';
import type { DomainParts } from '../../manage/domains.js';
import type { EraseParts } from '../../manage/erase.js';
import type { GraphReader } from '../../manage/graph-ask.js';
import type { Database } from '../../store/database.js';
import type { Directory } from '../../store/directory.js';
import type { Authenticator } from '../authenticate.js';

/** Parts and settings of the admin API. */
export interface AdminParts extends DomainParts {
  database: Database;
  directory: Directory;
  authenticator: Authenticator;
  passwords: Passwords;
  clock: Clock;
  secrets: SecretBox;
  /** Meta, for `senders/connect` and the identity check. */
  graph: GraphReader;
  log: Log;
  /** Where the files of inbound messages are. */
  blobs: EraseParts['blobs'];
  /** Serves `dev/clock`. */
  isDev: boolean;
  /** Base URL under which Meta and who clicks reach the gateway, without a final slash; asked when it is needed, since port 0 is known late. */
  publicUrl(): string;
  metaVerifyToken: string | undefined;
  /** Why a URL can never be posted to, as far as its text says (the SSRF guard's static check). */
  checkUrl(url: string): string | undefined;
}

/** Whose key a request brought: `account` is null for a key of kind admin, which stands for all accounts. */
export interface Caller {
  account: number | null;
  /** Applications that the key is bound to; empty: to none. */
  platform: readonly KeyPlatform[];
}
