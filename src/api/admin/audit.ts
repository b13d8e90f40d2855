// /audit: who changed what.
import { Type } from 'typebox';
import { isRefusal } from '../../manage/refusal.js';
import { type AuditEntry, pageAudit } from '../../store/audit.js';
import { accountIdField, pagingQuery } from './fields.js';
import type { AdminParts } from './parts.js';
import { accountFilter, accountIdOf, defineRoute, listReply, type Route, sliceOf, timeOf } from './route.js';

/** The endpoint of the audit log. */
export function auditRoutes(parts: AdminParts): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/audit',
      summary: 'List who changed what, newest first',
      query: Type.Object({ ...pagingQuery, ...accountIdField }),
      async handle({ caller, query }) {
        const filter = accountFilter(parts, caller, query.accountId);
        if (isRefusal(filter)) return filter;
        const slice = sliceOf(query);
        return listReply(await pageAudit(parts.database, filter.account, slice), slice, (row) => show(parts, row));
      },
    }),
  ];
}

function show(parts: AdminParts, { account, at, ...entry }: AuditEntry & { id: number }): object {
  return { ...entry, at: timeOf(at), accountId: account === null ? null : accountIdOf(parts, account) };
}
