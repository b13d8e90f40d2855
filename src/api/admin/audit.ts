// /audit: who changed what.

import { withNull } from '../../contract/openapi-schemas.js';
import { type AuditEntry, pageAudit } from '../../store/audit.js';
import type { AdminParts } from './parts.js';
import { accountIdOf, listOfAccounts, lists, type Route, timeOf } from './route.js';

const EXAMPLE = {
  id: 12,
  actor: 'key 0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f',
  address: '192.0.2.7',
  action: 'POST',
  target: '/parley/1/senders',
  fields: ['sender'],
  at: '2026-01-31T12:00:00.000Z',
  accountId: 'demo',
};

/** The endpoint of the audit log. */
export function auditRoutes(parts: AdminParts): Route[] {
  return [
    listOfAccounts(
      parts,
      {
        url: '/audit',
        summary: 'List who changed what, newest first',
        answers: lists(EXAMPLE, withNull(EXAMPLE, 'address', 'accountId')),
      },
      (account, slice) => pageAudit(parts.database, account, slice),
      (row) => show(parts, row),
    ),
  ];
}

function show(parts: AdminParts, { account, at, ...entry }: AuditEntry & { id: number }): object {
  return { ...entry, at: timeOf(at), accountId: account === null ? null : accountIdOf(parts, account) };
}
