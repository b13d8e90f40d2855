// /resource-management/1/inbound-message-configurations: what is done with messages to a number (Infobip 5).
import { Type } from 'typebox';
import {
  inboundConfigurationAnswer,
  inboundConfigurationSchema,
  normalKeyword,
  validateInboundConfiguration,
} from '../contract/inbound-configuration.js';
import { addViolation, type Violations } from '../contract/readers.js';
import { type InboundConfigurationParts, upsertConfiguration } from '../manage/inbound-configurations.js';
import { isRefusal, refuse } from '../manage/refusal.js';
import {
  deleteConfiguration,
  findConfigurations,
  type InboundConfigurationRow,
} from '../store/inbound-configurations.js';
import { type AccountRoute, defineAccountRoute, hasViolations, readText } from './account-route.js';

const TAG = 'Numbers';
const PATH = '/resource-management/1/inbound-message-configurations';
const CHANNEL = 'WHATSAPP';
const TEXT_LENGTH_MAX = 255;
const KEYWORD_LENGTH_MAX = 50;
const RESULTS_MAX = 1_000;

const text = Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX }));
const query = Type.Object({
  channel: text,
  number: text,
  numberKey: text,
  resource: text,
  resourceKey: text,
  configurationKey: text,
  keyword: Type.Optional(Type.String({ maxLength: KEYWORD_LENGTH_MAX })),
  countryCode: text,
});
const plain = {
  configurationKey: '0190d8a2-6c1f-7d35-9f00-5a1b2c3d4e5f',
  number: '441134960000',
  keyword: '',
  username: null,
  applicationId: null,
  entityId: null,
  url: 'https://hooks.example/mo',
};
const example = inboundConfigurationAnswer(plain);
/** With what that one has not. */
const others = [
  { ...plain, keyword: 'HELP', username: 'ops@example.org', applicationId: 'crm', entityId: 'north' },
  { ...plain, applicationId: 'crm', url: null },
  { ...plain, entityId: 'north' },
].map(inboundConfigurationAnswer);

/** The endpoints. */
export function inboundConfigurationRoutes(parts: InboundConfigurationParts): AccountRoute[] {
  const { database } = parts;
  return [
    defineAccountRoute({
      method: 'GET',
      url: PATH,
      tag: TAG,
      summary: 'List what is done with messages to a number, by keyword',
      query,
      answer: { status: 200, description: 'The configurations', example: [example], also: [others] },
      async handle({ account, platform, query: given }) {
        const violations: Violations = {};
        const read = (name: string, lengthMax = TEXT_LENGTH_MAX) => readText(given, name, lengthMax, violations);
        const key = read('configurationKey');
        const number = ['number', 'numberKey', 'resource', 'resourceKey'].map((name) => read(name)).find(Boolean);
        const keyword = read('keyword', KEYWORD_LENGTH_MAX);
        read('countryCode');
        const channel = read('channel');
        if (key === undefined && channel !== CHANNEL) addViolation(violations, 'channel', `must be ${CHANNEL}`);
        if (hasViolations(violations)) return { violations };
        const filter = {
          account,
          platform,
          key: key ?? null,
          number: number ?? null,
          keyword: keyword === undefined ? null : normalKeyword(keyword),
        };
        return { status: 200, body: (await findConfigurations(database, filter, RESULTS_MAX)).map(show) };
      },
    }),
    defineAccountRoute({
      method: 'POST',
      url: PATH,
      tag: TAG,
      summary: 'Make or change what is done with messages to a number',
      body: {
        schema: inboundConfigurationSchema,
        example: {
          channel: CHANNEL,
          number: '441134960000',
          forwarding: { type: 'HTTP_FORWARD', url: 'https://hooks.example/mo', format: 'MO_OTT_CONTACT' },
        },
        validate: validateInboundConfiguration,
      },
      answer: { status: 200, description: 'What is done from now on', example, also: others },
      errors: [409],
      async handle({ owner, body }) {
        const row = await upsertConfiguration(parts, owner, body);
        return isRefusal(row) ? row : { status: 200, body: show(row) };
      },
    }),
    defineAccountRoute({
      method: 'DELETE',
      url: `${PATH}/:configurationKey`,
      tag: TAG,
      summary: 'Delete a configuration: messages follow subscriptions again',
      answer: { status: 204, description: 'Deleted' },
      async handle({ owner, param }) {
        const isDeleted = await deleteConfiguration(database, owner, param('configurationKey'));
        return isDeleted ? { status: 204 } : refuse('notFound', 'no such configuration');
      },
    }),
  ];
}

function show({ key, endpoint: _, ...row }: InboundConfigurationRow): object {
  return inboundConfigurationAnswer({ configurationKey: key, ...row });
}
