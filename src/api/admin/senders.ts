// /senders: business numbers with what the gateway needs to speak for them at Meta, and the state of their lanes.

import { Type } from 'typebox';
import { withNull } from '../../contract/openapi-schemas.js';
import { connectSender } from '../../manage/connect.js';
import { switchIdentityCheckOf } from '../../manage/identity-check.js';
import { isRefusal, refuse } from '../../manage/refusal.js';
import { createSender, resumeSender, updateSender } from '../../manage/senders.js';
import { deleteSender, findSender, pageSenders, type SenderRow } from '../../store/senders.js';
import { accountIdField, digits, integer, isOn, token, urlOrNull } from './fields.js';
import type { AdminParts } from './parts.js';
import {
  accountFor,
  accountIdOf,
  defineRoute,
  isDone,
  listOfAccounts,
  lists,
  type Route,
  shows,
  timeOf,
} from './route.js';

const TOKEN_LENGTH_MAX = 4096;
const META_ID_LENGTH_MAX = 32;
const SENDER_LENGTH_MAX = 24;
const THROUGHPUT_MAX = 10_000;
const metaId = digits(1, META_ID_LENGTH_MAX);
const accessToken = token(TOKEN_LENGTH_MAX);
const optionalFields = {
  throughput: Type.Optional(integer(1, THROUGHPUT_MAX)),
  forwardUrl: Type.Optional(urlOrNull),
  identityCheck: Type.Optional(isOn),
};

const EXAMPLE = {
  accountId: 'demo',
  sender: '441134960000',
  phoneNumberId: '441134960000200',
  wabaId: '441134960000100',
  throughput: 80,
  forwardUrl: 'https://hooks.example/inbound',
  identityCheck: false,
  createdAt: '2026-01-31T12:00:00.000Z',
  pausedUntil: '2026-01-31T12:10:00.000Z',
  pauseReason: 'Meta: 190',
  queued: 0,
};
const RUNNING = withNull(EXAMPLE, 'forwardUrl', 'pausedUntil', 'pauseReason');
const CONNECTED = {
  callbackUrl: 'https://parley.example/meta/webhook',
  verifyToken: 'verify-me',
  verifiedName: 'Acme',
  qualityRating: 'GREEN',
  warnings: ['the number is not verified'],
};

/** The endpoints of senders. */
export function senderRoutes(parts: AdminParts): Route[] {
  return [...readRoutes(parts), ...writeRoutes(parts), ...laneRoutes(parts)];
}

function readRoutes(parts: AdminParts): Route[] {
  const { database } = parts;
  return [
    listOfAccounts(
      parts,
      { url: '/senders', summary: 'List senders', answers: lists(EXAMPLE, RUNNING) },
      (account, slice) => pageSenders(database, account, slice),
      (row) => showSender(parts, row),
    ),
    defineRoute({
      method: 'GET',
      url: '/senders/:sender',
      summary: 'Read a sender',
      answers: shows(200, 'The sender', EXAMPLE, RUNNING),
      async handle({ caller, param }) {
        const row = await findSender(database, caller.account, param('sender'));
        return row === undefined ? refuse('notFound', 'no such sender') : { status: 200, body: showSender(parts, row) };
      },
    }),
  ];
}

function writeRoutes(parts: AdminParts): Route[] {
  return [
    defineRoute({
      method: 'POST',
      url: '/senders',
      summary: 'Make a sender, without asking Meta',
      body: Type.Object({
        ...accountIdField,
        sender: digits(1, SENDER_LENGTH_MAX),
        phoneNumberId: metaId,
        wabaId: metaId,
        accessToken,
        ...optionalFields,
      }),
      answers: shows(201, 'The sender', RUNNING, EXAMPLE),
      example: { sender: '441134960555', phoneNumberId: '555', wabaId: '55', accessToken: 'EAAB' },
      async handle({ caller, body: { accountId, ...request } }) {
        const owner = accountFor(parts, caller, accountId);
        if (isRefusal(owner)) return owner;
        const row = await createSender(parts, owner.account, request);
        return isRefusal(row) ? row : { status: 201, body: showSender(parts, row) };
      },
    }),
    defineRoute({
      method: 'PATCH',
      url: '/senders/:sender',
      summary: 'Change a sender; its identity check is switched at Meta first',
      body: Type.Object({
        phoneNumberId: Type.Optional(metaId),
        wabaId: Type.Optional(metaId),
        accessToken: Type.Optional(accessToken),
        ...optionalFields,
      }),
      answers: shows(200, 'The sender as it is now', EXAMPLE, RUNNING),
      example: { forwardUrl: 'https://hooks.example/inbound', throughput: 1000 },
      async handle({ caller, param, body }) {
        const wrong = await switchIdentityCheckOf(parts, caller.account, param('sender'), body);
        if (wrong !== undefined) return wrong;
        const row = await updateSender(parts, caller.account, param('sender'), body);
        return isRefusal(row) ? row : { status: 200, body: showSender(parts, row) };
      },
    }),
    defineRoute({
      method: 'DELETE',
      url: '/senders/:sender',
      summary: 'Delete a sender',
      answers: isDone,
      async handle({ caller, param }) {
        const isDeleted = await deleteSender(parts.database, caller.account, param('sender'), parts.clock.now());
        return isDeleted ? { status: 204 } : refuse('notFound', 'no such sender');
      },
    }),
  ];
}

function laneRoutes(parts: AdminParts): Route[] {
  return [
    defineRoute({
      method: 'POST',
      url: '/senders/:sender/resume',
      summary: 'Let a paused sender send again',
      answers: shows(200, 'The sender', RUNNING, EXAMPLE),
      async handle({ caller, param }) {
        const row = await resumeSender(parts, caller.account, param('sender'));
        return isRefusal(row) ? row : { status: 200, body: showSender(parts, row) };
      },
    }),
    defineRoute({
      method: 'POST',
      url: '/senders/connect',
      summary: 'Check a number at Meta, subscribe its WABA, and make or change its sender',
      body: Type.Object({
        ...accountIdField,
        phoneNumberId: metaId,
        wabaId: metaId,
        accessToken,
        forwardUrl: Type.Optional(urlOrNull),
        identityCheck: Type.Optional(isOn),
      }),
      answers: shows(
        200,
        'The sender, and what to enter at Meta',
        { ...EXAMPLE, ...CONNECTED },
        { ...RUNNING, ...withNull(CONNECTED, 'verifyToken', 'verifiedName', 'qualityRating') },
      ),
      example: { phoneNumberId: '441134960000200', wabaId: '441134960000100', accessToken: 'EAAB' },
      async handle({ caller, body: { accountId, ...request } }) {
        const owner = accountFor(parts, caller, accountId);
        if (isRefusal(owner)) return owner;
        const connected = await connectSender(parts, owner.account, request);
        if (isRefusal(connected)) return connected;
        const { row, ...rest } = connected;
        const callback = {
          callbackUrl: `${parts.publicUrl()}/meta/webhook`,
          verifyToken: parts.metaVerifyToken ?? null,
        };
        return { status: 200, body: { ...showSender(parts, row), ...callback, ...rest } };
      },
    }),
  ];
}

function showSender(parts: AdminParts, row: SenderRow): object {
  const { sender, phoneNumberId, wabaId, throughput, forwardUrl, identityCheck, pauseReason, queued } = row;
  return {
    accountId: accountIdOf(parts, row.account),
    sender,
    phoneNumberId,
    wabaId,
    throughput,
    forwardUrl,
    identityCheck,
    createdAt: timeOf(row.createdAt),
    pausedUntil: timeOf(row.pausedUntil),
    pauseReason,
    queued,
  };
}
