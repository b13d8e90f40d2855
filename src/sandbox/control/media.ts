// The bytes of any media, without token and without end: for the phone's screen and for tests.
import type { FastifyInstance } from 'fastify';
import { fileAnswer } from '../media/range.js';
import { ControlError, textParam } from './answer.js';
import type { ControlParts } from './parts.js';

/** Registers `GET /media/{id}`, Range included. */
export function registerMedia(app: FastifyInstance, { library }: ControlParts): void {
  app.get('/media/:id', (request, reply) => {
    const media = library.get(textParam(request.params, 'id') ?? '');
    if (media === undefined) throw new ControlError(404, 'no such media', 'id');
    const { status, headers, stream } = fileAnswer(library.files, media, request.headers.range);
    return reply
      .code(status)
      .headers(headers)
      .send(stream ?? '');
  });
}
