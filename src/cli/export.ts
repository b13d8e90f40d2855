// `parley export`: gives everything that an account has of a WhatsApp user, an object a line.
import { defineCommand, type Verb } from './admin-client.js';
import { userPath } from './erase.js';

const write: Verb = {
  key: 'account',
  texts: ['user', 'account'],
  async run(run) {
    for await (const line of run.client.lines(userPath(run, '/export'))) run.terminal.print(line);
  },
};

/** `parley export`. */
export const command = defineCommand(['export --user <number or user id> [--account ID]'], { '': write });
