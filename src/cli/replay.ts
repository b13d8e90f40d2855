// `parley replay`: sends reports to customers once more.
import { defineCommand, numberOf, usageError, type Verb } from './admin-client.js';

const replay: Verb = {
  key: 'account',
  texts: ['id', 'event', 'endpoint', 'profile', 'subscription', 'from', 'to', 'rate', 'account'],
  flags: ['dead'],
  async run(run) {
    const { client, terminal, text, is } = run;
    const wish = {
      messageIds: listOf(text('id')),
      eventIds: listOf(text('event')),
      endpointId: numberOf(run, 'endpoint'),
      profileId: text('profile'),
      subscriptionId: text('subscription'),
      from: text('from'),
      to: text('to'),
    };
    if (Object.values(wish).every((value) => value === undefined)) throw usageError('say what to replay');
    const body = {
      ...wish,
      accountId: text('account'),
      requestsPerSecond: numberOf(run, 'rate'),
      deadOnly: is('dead'),
    };
    const result = await client.request('POST', '/parley/1/replays', body);
    if (is('json')) {
      terminal.print(JSON.stringify(result, null, 2));
      return;
    }
    terminal.print(`${String(result.reports)} reports are sent again`);
    if (result.reports === 0)
      terminal.print('there was nobody to be told of it: no notifyUrl, no forward URL, no subscription');
    if (result.isComplete === false) terminal.print('there are more: this was the most that one call takes');
  },
};

function listOf(text: string | undefined): string[] | undefined {
  return text?.split(',').map((entry) => entry.trim());
}

/** `parley replay`. */
export const command = defineCommand(
  [
    'replay --id MESSAGE_ID[,..] [--dead]',
    'replay --event EVENT_ID[,..] [--dead]',
    'replay --endpoint ID | --profile ID | --subscription ID [--from TIME] [--to TIME] [--dead]',
    'replay --from TIME [--to TIME] [--dead]   (TIME like 2026-01-31T12:00:00Z; --dead: only those given up; --rate N: requests a second)',
  ],
  { '': replay },
);
