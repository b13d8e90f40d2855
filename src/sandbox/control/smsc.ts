// How the SMSC treats what it is given.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import { SMSC_DEFAULTS, SMSC_LOGIN, type Smsc } from '../smsc.js';
import { ControlError, parseBody } from './answer.js';
import type { ControlParts } from './parts.js';

const Count = Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 }));
const Body = checkerOf(
  Type.Object(
    {
      receipts: Type.Optional(Type.Enum(['DELIVRD', 'UNDELIV', 'EXPIRED', 'none'])),
      receiptIds: Type.Optional(Type.Enum(['same', 'hex'])),
      throttleNext: Count,
      refuseNext: Count,
      loseNext: Count,
    },
    { additionalProperties: false },
  ),
);

/** Registers `GET|PUT /smsc`; what a PUT does not name is the default. 404 in a world that has none. */
export function registerSmsc(app: FastifyInstance, { smsc }: ControlParts): void {
  const own = (): Smsc => {
    const found = smsc();
    if (found === undefined) throw new ControlError(404, 'this world has no SMSC');
    return found;
  };
  const view = ({ port, behaviour, bound }: Smsc) => ({ port, ...SMSC_LOGIN, bound: bound(), ...behaviour });
  app.get('/smsc', () => view(own()));
  app.put('/smsc', (request) => {
    Object.assign(own().behaviour, SMSC_DEFAULTS, parseBody(Body, request.body));
    return view(own());
  });
}
