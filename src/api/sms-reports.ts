// POST /sms/reports/{account}/{signature}: where a provider of short messages over HTTP tells what became of them.
import type { FastifyInstance } from 'fastify';

/** What the route works with. */
export interface SmsReportsParts {
  /** Whether the address is one that we gave out. */
  isOurs(account: number, signature: string): boolean;
  /** Resolves when the reports in the body are on disk. */
  take(account: number, body: unknown): Promise<void>;
}

const ACCOUNT = /^\d{1,9}$/;

/** Serves the route: 200 once everything is on disk, 404 for an address that is none of ours. */
export function registerSmsReports(scope: FastifyInstance, { isOurs, take }: SmsReportsParts): void {
  scope.post<{ Params: { account: string; signature: string } }>(
    '/sms/reports/:account/:signature',
    async (request, reply) => {
      const { account, signature } = request.params;
      if (!ACCOUNT.test(account) || !isOurs(Number(account), signature)) return reply.code(404).send();
      await take(Number(account), request.body);
      return reply.code(200).send();
    },
  );
}
