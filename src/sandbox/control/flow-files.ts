// Files that a user gives to a flow: kept as media of the number, and sealed for the endpoint when it is asked.
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { answerOf, FLOW_FILE_BYTES_MAX, sealFiles } from '../flows/media.js';
import { limited, MultipartError, readForm } from '../media/multipart.js';
import type { BusinessNumber } from '../records.js';
import { ControlError } from './answer.js';
import type { ControlParts } from './parts.js';

const FORM_EXTRA_BYTES_MAX = 64 * 1024;
const ANY_TYPE = 'application/octet-stream';

/** Keeps the one file of a form; gives it as `complete` carries it. Throws a 400 for a form without one. */
export async function takeFlowFile(
  parts: ControlParts,
  { wabaId, phoneNumberId }: BusinessNumber,
  { body, headers }: FastifyRequest,
): Promise<Record<string, string>> {
  if (!(body instanceof Readable)) throw new ControlError(400, 'must be a form with a file', 'file');
  try {
    const source = limited(body, FLOW_FILE_BYTES_MAX + FORM_EXTRA_BYTES_MAX);
    for await (const part of readForm(source, headers['content-type'] ?? '')) {
      if (part.name !== 'file') throw new ControlError(400, 'unknown part', part.name);
      const loose = await parts.library.write(part.chunks, FLOW_FILE_BYTES_MAX);
      if (loose === null) throw new ControlError(400, `has more than ${FLOW_FILE_BYTES_MAX} bytes`, 'file');
      const mimeType = part.contentType ?? ANY_TYPE;
      const media = parts.library.keep(loose, {
        wabaId,
        phoneNumberId,
        source: 'inbound',
        mimeType,
        filename: part.filename,
      });
      return answerOf(media);
    }
  } catch (error) {
    throw error instanceof MultipartError ? new ControlError(400, error.message) : error;
  }
  throw new ControlError(400, 'required', 'file');
}

/** The data of a request, its files as endpoints get them. */
export async function withFiles(
  { world, library, origins }: ControlParts,
  number: BusinessNumber,
  data: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const waba = world.wabas.get(number.wabaId);
  const app = waba === undefined ? undefined : world.apps.get(waba.appToken);
  return app === undefined ? data : sealFiles({ library, app, number, origin: origins.of(app.token) }, data);
}
