// `parley messages show`: the whole life of one message, in the order in which it happened.
import { isObject, itemsAt, type JsonObject, objectAt, textAt } from '../contract/json.js';
import { defineCommand, type Verb } from './admin-client.js';

const show: Verb = {
  key: 'account',
  positionals: ['messageId'],
  texts: ['account'],
  async run({ client, terminal, positionals, text, is }) {
    const account = text('account');
    const query = account === undefined ? '' : `?accountId=${encodeURIComponent(account)}`;
    const life = await client.request('GET', `/parley/1/messages/${encodeURIComponent(positionals[0] ?? '')}${query}`);
    if (is('json')) terminal.print(JSON.stringify(life, null, 2));
    else for (const line of linesOf(life)) terminal.print(line);
  },
};

/** What a life reads like; times are UTC. */
function linesOf(life: JsonObject): string[] {
  const messageId = textAt(life, 'messageId');
  const id = textAt(life, 'id');
  return [
    `message   ${messageId}${messageId === id ? '' : ` (${id})`}`,
    `state     ${textAt(life, 'state')}`,
    `account   ${textAt(life, 'accountId')}`,
    `from, to  ${textAt(life, 'sender')} -> ${textAt(life, 'to')}`,
    `content   ${textAt(life, 'type')} ${JSON.stringify(life.content)}`,
    ...(isObject(life.envelope) ? [`with      ${JSON.stringify(life.envelope)}`] : []),
    '',
    line(life, 'acceptedAt', 'accepted'),
    ...itemsAt(life, 'events').map(eventLine),
    ...waitLines(objectAt(life, 'waiting')),
    ...itemsAt(life, 'reports').flatMap(reportLines),
  ];
}

function line(of: unknown, timeField: string, said: string): string {
  return `${(textAt(of, timeField) ?? '-').padEnd(24)}  ${said}`;
}

function eventLine(event: unknown): string {
  const parts = [
    textAt(event, 'kind'),
    `attempt ${textAt(event, 'attempt')}`,
    textAt(event, 'status'),
    textAt(event, 'error') === 'NO_ERROR' ? undefined : textAt(event, 'error'),
    labelled('Meta code', textAt(event, 'metaCode')),
    textAt(event, 'wamid'),
    textAt(event, 'detail'),
  ];
  return line(event, 'at', parts.filter((part) => part !== undefined).join('  '));
}

function waitLines(wait: JsonObject | undefined): string[] {
  if (wait === undefined) return [];
  if (wait.isInFlight === true) return [line(wait, 'dueAt', `in flight, attempt ${textAt(wait, 'attempt')}`)];
  const reason = textAt(wait, 'reason');
  return [
    line(
      wait,
      'dueAt',
      reason === 'queue' ? `waits in its lane, ${textAt(wait, 'ahead')} before it` : `held: ${reason}`,
    ),
  ];
}

function reportLines(report: unknown): string[] {
  const said = [
    `${textAt(report, 'kind')} report`,
    textAt(report, 'state'),
    textAt(report, 'url'),
    labelled('eventId', textAt(report, 'eventId')),
  ];
  const next = textAt(report, 'nextAttemptAt');
  const dead = textAt(report, 'deadReason');
  return [
    '',
    line(report, 'at', said.filter((part) => part !== undefined).join('  ')),
    ...itemsAt(report, 'attempts').map(attemptLine),
    ...(next === undefined ? [] : [line(report, 'nextAttemptAt', '  next attempt')]),
    ...(dead === undefined ? [] : [line(report, 'deadAt', `  given up: ${dead}`)]),
  ];
}

function attemptLine(attempt: unknown): string {
  const parts = [
    `  attempt ${textAt(attempt, 'attempt')}`,
    textAt(attempt, 'httpStatus') ?? textAt(attempt, 'error'),
    textAt(attempt, 'verdict'),
    `${textAt(attempt, 'durationMs')} ms`,
    `${textAt(attempt, 'results')} results`,
    textAt(attempt, 'answer'),
  ];
  return line(attempt, 'at', parts.filter((part) => part !== undefined).join('  '));
}

function labelled(label: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${label} ${text}`;
}

/** `parley messages`. */
export const command = defineCommand(['messages show <messageId> [--account ID]'], {
  show,
});
