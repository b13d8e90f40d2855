// /domains: hosts of accounts that short links are on.
import { Type } from 'typebox';
import { certificateOf, claimDomain, giveUpDomain, readDomain, recordsOf, verifyDomain } from '../../manage/domains.js';
import { isRefusal, type Refusal } from '../../manage/refusal.js';
import { type DomainRow, pageDomains } from '../../store/domains.js';
import { type CertificateStatus, readCertificateStatuses } from '../../store/host-certificates.js';
import { accountIdField, pagingQuery, text } from './fields.js';
import type { AdminParts } from './parts.js';
import {
  accountFilter,
  accountFor,
  accountIdOf,
  defineRoute,
  isDone,
  listReply,
  lists,
  type Reply,
  type Route,
  shows,
  sliceOf,
  timeOf,
} from './route.js';

const HOST_LENGTH_MAX = 253;

const CLAIMED = {
  id: '7',
  accountId: 'acme',
  host: 'go.example.com',
  state: 'unverified',
  proof: null,
  reason: null,
  records: [
    { type: 'TXT', name: '_parley.go.example.com', value: 'parley-verification=Zk3vTq0aYwM1' },
    { type: 'CNAME', name: 'go.example.com', value: 'parley.example.com' },
  ],
  createdAt: '2026-01-31T12:00:00.000Z',
  checkedAt: null,
  verifiedAt: null,
  certificate: null,
};
const CERTIFICATE = {
  state: 'valid',
  validUntil: '2026-05-01T12:06:00.000Z',
  nextOrderAt: '2026-04-01T12:06:00.000Z',
  failures: 0,
  reason: null,
};
const [CHECKED_AT, VERIFIED_AT] = ['2026-02-01T12:00:00.000Z', '2026-01-31T12:05:00.000Z'];
const VERIFIED = {
  ...CLAIMED,
  state: 'verified',
  proof: 'txt',
  checkedAt: CHECKED_AT,
  verifiedAt: VERIFIED_AT,
  certificate: CERTIFICATE,
};
const ORDERED = {
  ...VERIFIED,
  certificate: { ...CERTIFICATE, state: 'waiting', validUntil: null, failures: 1, reason: 'the CA did not answer' },
};
const FAILED = {
  ...VERIFIED,
  state: 'failed',
  reason: 'neither has _parley.go.example.com the TXT record, nor is go.example.com a CNAME of parley.example.com',
};

/** The endpoints of domains. */
export function domainRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  const reply = async (status: number, row: DomainRow | Refusal): Promise<Reply | Refusal> => {
    if (isRefusal(row)) return row;
    const certificates = await readCertificateStatuses(database, [row.host]);
    return { status, body: show(parts, row, certificates) };
  };
  return [
    defineRoute({
      method: 'GET',
      url: '/domains',
      summary: 'List domains of short links',
      query: Type.Object({ ...pagingQuery, ...accountIdField }),
      answers: lists(VERIFIED, CLAIMED, FAILED, ORDERED),
      async handle({ caller, query }) {
        const filter = accountFilter(parts, caller, query.accountId);
        if (isRefusal(filter)) return filter;
        const slice = sliceOf(query);
        const page = await pageDomains(database, filter.account, slice);
        const certificates = await readCertificateStatuses(
          database,
          page.rows.map(({ host }) => host),
        );
        return listReply(page, slice, (row) => show(parts, row, certificates));
      },
    }),
    defineRoute({
      method: 'POST',
      url: '/domains',
      summary: 'Claim a domain for short links; DNS is asked by verify',
      body: Type.Object({ host: text(HOST_LENGTH_MAX), ...accountIdField }),
      example: { host: 'go.example.com' },
      answers: shows(201, 'The domain and the records that prove it', CLAIMED),
      async handle({ caller, body }) {
        const owner = accountFor(parts, caller, body.accountId);
        return isRefusal(owner) ? owner : reply(201, await claimDomain(parts, owner.account, body.host));
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/domains/:id',
      summary: 'Read a domain',
      answers: shows(200, 'The domain', VERIFIED, CLAIMED, FAILED, ORDERED),
      handle: async ({ caller, param }) => reply(200, await readDomain(parts, caller.account, param('id'))),
    }),
    defineRoute({
      method: 'POST',
      url: '/domains/:id/verify',
      summary: 'Ask DNS now whether a domain is proved',
      answers: shows(200, 'The domain as DNS has it now', VERIFIED, CLAIMED, FAILED, ORDERED),
      handle: async ({ caller, param }) => reply(200, await verifyDomain(parts, caller.account, param('id'))),
    }),
    defineRoute({
      method: 'DELETE',
      url: '/domains/:id',
      summary: 'Give a domain up; its links work no more',
      answers: isDone,
      async handle({ caller, param }) {
        const removed = await giveUpDomain(parts, caller.account, param('id'));
        return removed === 'removed' ? { status: 204 } : removed;
      },
    }),
  ];
}

function show(parts: AdminParts, row: DomainRow, certificates: ReadonlyMap<string, CertificateStatus>): object {
  const { id, account, host, state, proof, reason } = row;
  return {
    id: String(id),
    accountId: accountIdOf(parts, account),
    host,
    state,
    proof,
    reason,
    records: recordsOf(parts, row),
    createdAt: timeOf(row.createdAt),
    checkedAt: timeOf(row.checkedAt),
    verifiedAt: timeOf(row.verifiedAt),
    certificate: showCertificate(certificateOf(parts, row, certificates.get(row.host))),
  };
}

function showCertificate(certificate: ReturnType<typeof certificateOf>): object | null {
  if (certificate === undefined) return null;
  const { state, validUntil, dueAt, failures, reason } = certificate;
  return { state, validUntil: timeOf(validUntil), nextOrderAt: timeOf(dueAt), failures, reason };
}
