// Endpoints that accounts call: who it is, asked before a body is read.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Directory, DirectoryAccount } from '../store/directory.js';
import { authenticate } from './authenticate.js';

/** Refuses everyone but accounts on all routes of `scope`, with `refuse`, which knows the form. */
export function accountsOnly(
  scope: FastifyInstance,
  directory: Directory,
  refuse: (reply: FastifyReply, status: 401 | 403) => FastifyReply,
): void {
  scope.addHook('onRequest', async (request, reply) => {
    const { kind } = authenticate(directory, request.headers.authorization);
    return kind === 'account' ? undefined : refuse(reply, kind === 'unknown' ? 401 : 403);
  });
}

/** The account that calls; undefined when its key was taken away since `accountsOnly` looked. */
export function accountOf(directory: Directory, request: FastifyRequest): DirectoryAccount | undefined {
  const caller = authenticate(directory, request.headers.authorization);
  return caller.kind === 'account' ? caller.account : undefined;
}
