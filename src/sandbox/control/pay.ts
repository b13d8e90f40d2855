// A user who pays an order, or fails to: `POST /users/{number}/pay`.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import { orderOf } from '../payments.js';
import { normalisePhone } from '../phone.js';
import { paymentUpdate } from '../updates.js';
import { ControlError, parseBody, textParam } from './answer.js';
import type { ControlParts } from './parts.js';

const PayBody = checkerOf(
  Type.Object(
    { id: Type.String({ minLength: 1 }), status: Type.Optional(Type.Enum(['pending', 'captured', 'failed'])) },
    { additionalProperties: false },
  ),
);

/** Registers `POST /users/{number}/pay {id, status?}`: the business is told of a payment of the message's order; `captured` unless told otherwise. */
export function registerPaying(app: FastifyInstance, { world, callbacks }: ControlParts): void {
  app.post('/users/:number/pay', (request) => {
    const user = normalisePhone(textParam(request.params, 'number') ?? '');
    const { id, status = 'captured' } = parseBody(PayBody, request.body);
    const message = world.messageOf(id);
    if (message === undefined || message.to !== user) throw new ControlError(404, 'no such message to the user', 'id');
    const order = orderOf(message);
    if (order === undefined) throw new ControlError(400, 'asks for no payment', 'id');
    callbacks.publish(paymentUpdate(world, message, order, status));
    return { status };
  });
}
