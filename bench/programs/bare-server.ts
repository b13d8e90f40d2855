// A program: the least that could answer a send. Bare node:http that parses the same body and answers the same JSON; nothing is kept.
import { sendAnswer } from '../../src/contract/answers.js';
import { StatusId } from '../../src/contract/statuses.js';
import { uuidv7 } from '../../src/lib/id.js';
import { report, sendJson, serve } from './program.js';

const url = await serve((_, body, response) => {
  // Parse boundary: the load generator's request.
  const { to } = JSON.parse(body) as { to: string };
  sendJson(response, JSON.stringify(sendAnswer(to, uuidv7(Date.now()), StatusId.pendingEnroute)));
});
report<object, null>(url, async () => null);
