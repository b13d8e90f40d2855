// Every column that holds a sealed secret, read and written as one, for the change of the key that seals them.
import type { Runner } from './accounts.js';

/** A sealed secret where it lies. `label` says to people which one it is. */
export interface SealedValue {
  table: SealedTable;
  /** Primary key, as text. */
  id: string;
  label: string;
  sealed: Buffer;
}

/** The sealed columns. A test compares them with the schema. */
export const SEALED_COLUMNS = {
  senders: 'access_token',
  signing_secrets: 'secret',
  securities: 'credentials',
  certificates: 'content',
  profiles: 'signing_secrets',
  sms_routes: 'settings',
  acme_accounts: 'key',
  host_certificates: 'content',
} as const;

/** A table with a sealed column. */
export type SealedTable = keyof typeof SEALED_COLUMNS;

/** Writers wait for the end of the transaction, readers do not. */
const LOCK = { name: '', text: `LOCK TABLE ${Object.keys(SEALED_COLUMNS).join(', ')} IN SHARE ROW EXCLUSIVE MODE` };
const READ = {
  name: '',
  text: `SELECT 'senders' AS "table", id::text, 'access token of ' || CASE WHEN deleted_at IS NULL THEN '' ELSE 'removed ' END || 'sender ' || sender AS label,
      access_token AS sealed FROM senders
    UNION ALL SELECT 'signing_secrets', s.id, 'signing secret ' || s.id || ' of account ' || a.account_id, s.secret
      FROM signing_secrets s JOIN accounts a ON a.id = s.account
    UNION ALL SELECT 'securities', s.id::text, 'credentials of security ' || s.auth_id || ' of account ' || a.account_id, s.credentials
      FROM securities s JOIN accounts a ON a.id = s.account WHERE s.credentials IS NOT NULL
    UNION ALL SELECT 'certificates', c.id::text, 'certificate ' || c.certificate_id || ' of account ' || a.account_id, c.content
      FROM certificates c JOIN accounts a ON a.id = c.account
    UNION ALL SELECT 'profiles', p.id::text, 'signing secrets of profile ' || p.profile_id || ' of account ' || a.account_id, p.signing_secrets
      FROM profiles p JOIN accounts a ON a.id = p.account WHERE p.signing_secrets IS NOT NULL
    UNION ALL SELECT 'sms_routes', r.account::text, 'SMS settings of account ' || a.account_id, r.settings
      FROM sms_routes r JOIN accounts a ON a.id = r.account
    UNION ALL SELECT 'acme_accounts', directory, 'account key for the CA ' || directory, key FROM acme_accounts
    UNION ALL SELECT 'host_certificates', host, 'certificate of ' || host, content FROM host_certificates WHERE content IS NOT NULL ORDER BY 1, 2`,
};
const WRITE: Readonly<Record<SealedTable, { name: string; text: string }>> = {
  senders: writeTo('senders', 'integer'),
  signing_secrets: writeTo('signing_secrets', 'text'),
  securities: writeTo('securities', 'integer'),
  certificates: writeTo('certificates', 'integer'),
  profiles: writeTo('profiles', 'integer'),
  sms_routes: writeTo('sms_routes', 'integer', 'account'),
  acme_accounts: writeTo('acme_accounts', 'text', 'directory'),
  host_certificates: writeTo('host_certificates', 'text', 'host'),
};

function writeTo(table: SealedTable, keyType: 'integer' | 'text', key = 'id'): { name: string; text: string } {
  const text = `UPDATE ${table} t SET ${SEALED_COLUMNS[table]} = u.sealed FROM unnest($1::text[], $2::bytea[]) AS u (id, sealed)
    WHERE t.${key} = u.id::${keyType}`;
  return { name: '', text };
}

/** Every sealed secret there is, locked against change until the transaction ends. A few hundred bytes each. */
export async function lockSealed(tx: Runner): Promise<SealedValue[]> {
  await tx.run(LOCK, []);
  return tx.run<SealedValue>(READ, []);
}

/** Replaces sealed secrets. */
export async function replaceSealed(tx: Runner, values: readonly SealedValue[]): Promise<void> {
  for (const table of Object.keys(WRITE).filter(isTable)) {
    const of = values.filter((value) => value.table === table);
    if (of.length === 0) continue;
    await tx.run(WRITE[table], [of.map(({ id }) => id), of.map(({ sealed }) => sealed)]);
  }
}

function isTable(name: string): name is SealedTable {
  return Object.hasOwn(SEALED_COLUMNS, name);
}
