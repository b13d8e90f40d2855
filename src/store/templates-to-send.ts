// What sending needs to know of templates.
import type { Runner } from './accounts.js';
import type { Shelf, TemplateRow } from './templates.js';

const TO_SEND = {
  name: 'template_to_send',
  text: `SELECT status, category, approved, extras FROM templates
    WHERE account = $1 AND waba_id = $2 AND name = $3 AND language = $4 AND status <> 'DELETED'`,
};
const VERSION = { name: 'template_version', text: 'SELECT version FROM template_version' };

/** What sending needs to know of a template. */
export type TemplateToSend = Pick<TemplateRow, 'status' | 'category' | 'approved' | 'extras'>;

/** The template that a message names; undefined when there is none. */
export async function findTemplateToSend(
  db: Runner,
  { account, wabaId }: Shelf,
  name: string,
  language: string,
): Promise<TemplateToSend | undefined> {
  const [row] = await db.run<TemplateToSend>(TO_SEND, [account, wabaId, name, language]);
  return row;
}

/** Counts up with every change of templates. */
export async function readTemplateVersion(db: Runner): Promise<number> {
  const [row] = await db.run<{ version: number }>(VERSION, []);
  return row?.version ?? 0;
}
