// A group with one row that no table can hold: the others are written all the same.
import { DatabaseError } from '../store/database.js';
import { toChangeItem, writeChanges } from './receive-changes.js';
import type { ReceiveParts } from './receive-parts.js';

/** Changes that are statuses or messages which the tables refused. */
const REFUSED_FIELD = 'refused';
/** SQLSTATE class of values that no table can hold: the row's own fault, so it would be refused each time. */
const VALUES_REFUSED = '22';

/**
 * Writes a group; when the database refuses its values, item by item, so that one never costs the others. One whose own values are at
 * fault is kept as a change named `refused`, counted, and acknowledged: Meta would send it for 7 days. What is refused for any other
 * reason is returned with it: Meta sends that webhook again.
 */
export async function writeApart<Item>(
  parts: ReceiveParts,
  group: readonly Item[],
  write: (group: readonly Item[]) => Promise<void>,
): Promise<Map<Item, DatabaseError>> {
  const refused = new Map<Item, DatabaseError>();
  try {
    await write(group);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.kind !== 'data') throw error;
    const [item] = group;
    if (group.length > 1 || item === undefined) {
      for (const one of group) for (const entry of await writeApart(parts, [one], write)) refused.set(...entry);
    } else if (error.sqlState?.startsWith(VALUES_REFUSED) === true) await keepRefused(parts, item, error);
    else refused.set(item, error);
  }
  return refused;
}

async function keepRefused(parts: ReceiveParts, item: unknown, error: DatabaseError): Promise<void> {
  parts.count('malformed', 1);
  const value = { reason: error.message, item };
  await writeChanges(parts, [
    toChangeItem(parts, { kind: 'other', field: REFUSED_FIELD, wabaId: undefined, at: undefined, value }),
  ]);
}
