// /whatsapp/1/senders/{sender}/public-key: the key with which phones encrypt for data endpoints of flows (Infobip 10).
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Operation } from '../contract/openapi.js';
import { type PublicKeyParts, readPublicKey, replacePublicKey } from '../manage/public-key.js';
import { sendApiError } from './api-errors.js';
import { FLOW_ERRORS, type SenderParts, sendFlowOr, withFlowSender } from './flow-answers.js';

const PATH = '/whatsapp/1/senders/:sender/public-key';
const FORM_BYTES_MAX = 64 * 1024;
const KEY_404 = { errorCode: 'E404', description: 'There is no key.', action: 'Upload a public key.' };

/** Serves the endpoints. */
export function registerPublicKey(scope: FastifyInstance, parts: PublicKeyParts & SenderParts): void {
  parts.gate.protect(scope, sendApiError);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<Buffer>(
    /^multipart\/form-data *;/i,
    { parseAs: 'buffer', bodyLimit: FORM_BYTES_MAX },
    (_request, body, done) => done(null, body),
  );
  scope.get(PATH, (request, reply) =>
    withFlowSender(parts, request, reply, async (sender) =>
      sendFlowOr(
        reply,
        await readPublicKey(parts, sender),
        ({ publicKey, status }) => reply.send({ publicKey, publicKeySignatureStatus: status }),
        KEY_404,
      ),
    ),
  );
  scope.post(PATH, (request, reply) =>
    withFlowSender(parts, request, reply, async (sender) => {
      const pem = await fileIn(request.body, request.headers['content-type'] ?? '');
      if (pem === undefined) return sendApiError(reply, 400, { file: ['must not be null'] });
      return sendFlowOr(reply, await replacePublicKey(parts, sender, pem), () => reply.code(204).send(), KEY_404);
    }),
  );
}

/** The text of the form's part `file`. */
async function fileIn(body: unknown, contentType: string): Promise<string | undefined> {
  if (!Buffer.isBuffer(body)) return undefined;
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    const file = form.get('file');
    return file === null || typeof file === 'string' ? (file ?? undefined) : await file.text();
  } catch {
    return undefined;
  }
}

const path = PATH.replace(/:(\w+)/g, '{$1}');
const example = {
  publicKey: '-----BEGIN PUBLIC KEY-----\n...\n-----END PUBLIC KEY-----',
  publicKeySignatureStatus: 'VALID',
};

/** The endpoints on the API page. */
export const publicKeyOperations: readonly Operation[] = [
  {
    method: 'GET',
    path,
    tag: 'Flows',
    summary: 'The public key of a sender',
    answers: [{ status: 200, description: 'The key, and whether Meta can verify it', example }, ...FLOW_ERRORS],
  },
  {
    method: 'POST',
    path,
    tag: 'Flows',
    summary: 'Replace the public key: a form with the PEM of a 2048-bit RSA key in `file`',
    body: {
      mediaType: 'multipart/form-data',
      schema: Type.Object({ file: Type.String({ description: 'PEM, as a part with a file name' }) }),
    },
    answers: [{ status: 204, description: 'Replaced' }, ...FLOW_ERRORS],
  },
];
