// /subscriptions/1/certificates: client certificates for mutual TLS (Infobip 5). Keys are never shown.
import { Type } from 'typebox';
import { addViolation, type Violations } from '../contract/readers.js';
import {
  certificateSchema,
  certificateTestSchema,
  validateCertificate,
  validateCertificateTest,
} from '../contract/subscriptions/certificate.js';
import {
  type CertificateParts,
  certificateStatus,
  createCertificate,
  removeCertificate,
  testCertificate,
} from '../manage/certificates.js';
import { isRefusal, refuse } from '../manage/refusal.js';
import {
  type CertificateRow,
  type CertificateSearch,
  findCertificate,
  pageCertificates,
} from '../store/certificates.js';
import {
  type AccountCall,
  type AccountRoute,
  defineAccountRoute,
  hasViolations,
  pageAnswer,
  pageOf,
  readSlice,
  readText,
} from './account-route.js';
import { certificateExample } from './certificate-example.js';
import { pagingQuery } from './profiles.js';

const TAG = 'Subscriptions';
const PATH = '/subscriptions/1/certificates';
const SIZE_MAX = 100;
const TEXT_LENGTH_MAX = 255;
const SORTS = ['CERTIFICATE_ID'];
const DIRECTIONS = ['ASC', 'DESC'] as const;

const listQuery = Type.Object({
  ...pagingQuery.properties,
  search: Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX })),
  sortBy: Type.Optional(Type.Enum(SORTS)),
  direction: Type.Optional(Type.Enum([...DIRECTIONS])),
});
const status = { certificateId: 'c-1', status: 'READY' };
const details = {
  certificateId: 'c-1',
  issuedBy: 'CN=client.example',
  issuedTo: 'CN=client.example',
  validFrom: 1_795_408_978_000,
  validUntil: 4_949_008_978_000,
  certificateStatus: 'READY',
  serialNumber: '48FA8B3B9DCA0F67CF3A72388D506C5F25393652',
};

/** The endpoints of certificates. */
export function certificateRoutes(parts: CertificateParts): AccountRoute[] {
  const showDetails = (row: CertificateRow): object => detailsOf(row, parts.clock.now());
  const showStatus = (row: CertificateRow): object => statusOf(row, parts.clock.now());
  return [
    listRoute(parts, PATH, 'List certificates by id', details, showDetails),
    listRoute(parts, `${PATH}/status`, 'List certificates with their status', status, showStatus),
    readRoute(parts, `${PATH}/:certificateId`, 'Read a certificate, without its key', details, showDetails),
    readRoute(parts, `${PATH}/status/:certificateId`, 'Read the status of a certificate', status, showStatus),
    ...changeRoutes(parts, showStatus),
    testRoute(parts),
  ];
}

function listRoute(
  { database }: CertificateParts,
  url: string,
  summary: string,
  example: object,
  show: (row: CertificateRow) => object,
): AccountRoute {
  return defineAccountRoute({
    method: 'GET',
    url,
    tag: TAG,
    summary,
    query: listQuery,
    answer: pageAnswer(example),
    async handle({ account, platform, query }) {
      const violations: Violations = {};
      const search = readSearch(query, violations);
      if (hasViolations(violations)) return { violations };
      return { status: 200, body: pageOf(await pageCertificates(database, account, platform, search), search, show) };
    },
  });
}

function readRoute(
  { database }: CertificateParts,
  url: string,
  summary: string,
  example: object,
  show: (row: CertificateRow) => object,
): AccountRoute {
  return defineAccountRoute({
    method: 'GET',
    url,
    tag: TAG,
    summary,
    answer: { status: 200, description: 'What is known of it', example },
    async handle({ account, platform, param }) {
      const row = await findCertificate(database, account, param('certificateId'), platform);
      return row === undefined ? refuse('notFound', 'no such certificate') : { status: 200, body: show(row) };
    },
  });
}

function changeRoutes(parts: CertificateParts, showStatus: (row: CertificateRow) => object): AccountRoute[] {
  return [
    defineAccountRoute({
      method: 'POST',
      url: PATH,
      tag: TAG,
      summary: 'Upload a certificate with its private key',
      body: {
        schema: certificateSchema,
        example: certificateExample,
        validate: validateCertificate,
      },
      answer: { status: 201, description: 'Stored; Location names it', example: status },
      errors: [409],
      async handle({ owner, body: { certificateId, certificateContent, passphrase } }) {
        const row = await createCertificate(parts, owner, {
          certificateId,
          content: Buffer.from(certificateContent, 'base64'),
          passphrase: passphrase === undefined ? undefined : Buffer.from(passphrase, 'base64').toString('utf8'),
        });
        if (isRefusal(row)) return row;
        return { status: 201, body: showStatus(row), location: `${PATH}/${certificateId}` };
      },
    }),
    defineAccountRoute({
      method: 'DELETE',
      url: `${PATH}/:certificateId`,
      tag: TAG,
      summary: 'Delete a certificate that no profile uses',
      answer: { status: 200, description: 'Deleted', example: { certificateId: 'c-1' } },
      errors: [409],
      async handle({ owner, param }) {
        const row = await removeCertificate(parts, owner, param('certificateId'));
        return isRefusal(row) ? row : { status: 200, body: { certificateId: row.certificateId } };
      },
    }),
  ];
}

function testRoute(parts: CertificateParts): AccountRoute {
  const example = { certificateId: 'c-1', webhookUrl: 'https://hooks.example/wa' };
  const failed = {
    ...example,
    result: 'FAIL',
    failReasons: ['other: UND_ERR_SOCKET'],
    hint: 'Look whether the server trusts the issuer of the certificate.',
  };
  return defineAccountRoute({
    method: 'POST',
    url: `${PATH}/test/webhook`,
    tag: TAG,
    summary: 'Post an empty list of reports to a URL, showing a certificate',
    body: { schema: certificateTestSchema, example, validate: validateCertificateTest },
    answer: {
      status: 200,
      description: 'How it went',
      example: failed,
      also: [{ ...example, result: 'SUCCESS', failReasons: [] }],
    },
    async handle({ owner, body: { certificateId, webhookUrl } }) {
      const test = await testCertificate(parts, owner, certificateId, webhookUrl);
      return isRefusal(test) ? test : { status: 200, body: { certificateId, webhookUrl, ...test } };
    },
  });
}

function readSearch(query: AccountCall<unknown>['query'], violations: Violations): CertificateSearch {
  const sortBy = readText(query, 'sortBy', TEXT_LENGTH_MAX, violations);
  if (sortBy !== undefined && !SORTS.includes(sortBy))
    addViolation(violations, 'sortBy', `must be one of ${SORTS.join(', ')}`);
  const given = readText(query, 'direction', TEXT_LENGTH_MAX, violations) ?? 'ASC';
  const direction = DIRECTIONS.find((known) => known === given);
  if (direction === undefined) addViolation(violations, 'direction', `must be one of ${DIRECTIONS.join(', ')}`);
  return {
    search: readText(query, 'search', TEXT_LENGTH_MAX, violations) ?? null,
    direction: direction ?? 'ASC',
    ...readSlice(query, SIZE_MAX, violations),
  };
}

function statusOf(row: CertificateRow, now: number): object {
  return { certificateId: row.certificateId, status: certificateStatus(row, now) };
}

function detailsOf(row: CertificateRow, now: number): object {
  const { certificateId, issuedBy, issuedTo, validFrom, validUntil, serialNumber } = row;
  const state = certificateStatus(row, now);
  return { certificateId, issuedBy, issuedTo, validFrom, validUntil, certificateStatus: state, serialNumber };
}
