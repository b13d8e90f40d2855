// The edges of flows that no other kind of node has (Meta 0.3).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphAnswer, GraphCall } from '../call.js';
import { flowKey } from '../flow-key.js';
import { createFlow, deprecateFlow, type FlowParts, publishFlow, uploadAsset } from './change.js';
import { type PreviewParts, servePreviews } from './preview.js';
import { type FlowFileParts, listAssets, listFlows, serveFlowFiles } from './read.js';

type Serve = (
  node: (call: GraphCall) => GraphAnswer | Promise<GraphAnswer>,
) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** JSON in a JSON string may be twice as long. */
const BODY_BYTES_MAX = 24 * 1024 * 1024;

/** Registers them. */
export function registerFlowEdges(
  app: FastifyInstance,
  parts: FlowParts & PreviewParts & FlowFileParts,
  serve: Serve,
): void {
  const large = { bodyLimit: BODY_BYTES_MAX };
  app.get(
    '/:version/:id/flows',
    serve((call) => listFlows(parts.world, call)),
  );
  app.post(
    '/:version/:id/flows',
    large,
    serve((call) => createFlow(parts, call)),
  );
  app.get(
    '/:version/:id/assets',
    serve((call) => listAssets(parts.world, call)),
  );
  app.post(
    '/:version/:id/assets',
    large,
    serve((call) => uploadAsset(parts, call)),
  );
  app.post(
    '/:version/:id/publish',
    serve((call) => publishFlow(parts, call)),
  );
  app.post(
    '/:version/:id/deprecate',
    serve((call) => deprecateFlow(parts, call)),
  );
  app.route({
    method: ['GET', 'POST'],
    url: '/:version/:id/whatsapp_business_encryption',
    handler: serve((call) => flowKey(parts.world, call)),
  });
  serveFlowFiles(app, parts);
  servePreviews(app, parts);
}
