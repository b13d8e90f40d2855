// The public listener: what is served at which role, and what answers where nothing is.
import type { FastifyError, FastifyInstance } from 'fastify';
import { sendError, sendServiceException, sendUnroutable } from '../api/errors.js';
import { registerHealth } from '../api/health.js';
import { readJsonOnly } from '../api/json.js';
import { registerMetaWebhook } from '../api/meta-webhook.js';
import { registerSmsReports } from '../api/sms-reports.js';
import { traceCalls } from '../api/traced.js';
import { createDirectRoutes } from '../http/direct.js';
import { createServer } from '../http/server.js';
import { isReportAddress } from '../pipeline/sms-provider.js';
import { readInfobipReports } from '../sms/infobip.js';
import type { Database } from '../store/database.js';
import { ping } from '../store/depths.js';
import { addScope, type Parts, registerApi } from './api-routes.js';
import { withLinks } from './links.js';

/** Not yet listening. `isStopping.now`: the gateway is not ready any more. */
export function createPublicServer(parts: Parts, isStopping: { now: boolean }): FastifyInstance {
  const { config, database, log, traces, metrics, ownership, receive } = parts;
  const { roles, metaVerifyToken: verifyToken } = config;
  const direct = createDirectRoutes();
  const app = createServer(log, {}, sendUnroutable, withLinks(parts, parts, direct));
  if (traces !== undefined) traceCalls(app, traces);
  registerHealth(app, { metrics, unready: () => unready(database, isStopping, ownership.processId() !== undefined) });
  if (roles.has('receive')) registerMetaWebhook(app, direct, { receive, verifyToken, log });
  if (roles.has('receive')) addSmsReports(app, parts);
  if (roles.has('api')) registerApi(app, direct, parts);
  app.setNotFoundHandler((_, reply) => void sendServiceException(reply, 404));
  app.setErrorHandler<FastifyError>((error, _, reply) => void sendError(reply, error, log));
  return app;
}

function addSmsReports(app: FastifyInstance, { log, secretKeys, failover }: Parts): void {
  addScope(app, log, sendError, (scope) => {
    readJsonOnly(scope);
    registerSmsReports(scope, {
      isOurs: (account, signature) => isReportAddress(secretKeys, account, signature),
      async take(account, body) {
        for (const receipt of readInfobipReports(body)) await failover.receive(account, receipt);
      },
    });
  });
}

async function unready(database: Database, isStopping: { now: boolean }, isRegistered: boolean): Promise<string[]> {
  if (isStopping.now) return ['stopping'];
  const missing: string[] = [];
  if (!(await ping(database))) missing.push('database');
  if (!isRegistered) missing.push('ownership');
  return missing;
}
