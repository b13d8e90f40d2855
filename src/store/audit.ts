// The audit log: who changed what. Rows are only ever added; the table itself refuses the rest.
import type { Page, Runner, Slice } from './accounts.js';

/** One change. `actor`: the id of a key, `user:` and a name, or `operator` for a command on the machine. */
export interface AuditEntry {
  /** Epoch ms. */
  at: number;
  /** Whose; null for what belongs to no account. */
  account: number | null;
  actor: string;
  address: string | null;
  action: string;
  target: string;
  /** Names of what was given, never values. */
  fields: readonly string[];
}

const INSERT = {
  name: 'audit_insert',
  text: 'INSERT INTO audit (at, account, actor, address, action, target, fields) VALUES ($1, $2, $3, $4, $5, $6, $7)',
};
const PAGE = {
  name: 'audit_page',
  text: `SELECT id, at, account, actor, address, action, target, fields FROM audit
    WHERE $1::integer IS NULL OR account = $1 ORDER BY id DESC LIMIT $2 OFFSET $3`,
};
const COUNT = {
  name: 'audit_count',
  text: 'SELECT count(*) AS total FROM audit WHERE $1::integer IS NULL OR account = $1',
};

/** Adds an entry. */
export async function addAudit(db: Runner, entry: AuditEntry): Promise<void> {
  const { at, account, actor, address, action, target, fields } = entry;
  await db.run(INSERT, [at, account, actor, address, action, target, fields]);
}

/** A page of entries, newest first, of one account or of all when that is null. */
export async function pageAudit(
  db: Runner,
  account: number | null,
  { limit, offset }: Slice,
): Promise<Page<AuditEntry & { id: number }>> {
  const [count] = await db.run<{ total: number }>(COUNT, [account]);
  return { rows: await db.run<AuditEntry & { id: number }>(PAGE, [account, limit, offset]), total: count?.total ?? 0 };
}
