// /provisioning/1: applications, entities and associations (Infobip 6).
import { type TObject, Type } from 'typebox';
import {
  applicationChangeSchema,
  applicationSchema,
  associationSchema,
  entityChangeSchema,
  entitySchema,
  RESOURCE_CHANNELS,
  RESOURCE_TYPES,
  validateApplication,
  validateApplicationChange,
  validateAssociation,
  validateEntity,
  validateEntityChange,
} from '../contract/provisioning.js';
import { addViolation, type Violations } from '../contract/readers.js';
import type { Validated } from '../contract/validate.js';
import {
  associate,
  changePlatform,
  createPlatform,
  deletePlatform,
  dissociate,
  type PlatformParts,
} from '../manage/platforms.js';
import { isRefusal, refuse } from '../manage/refusal.js';
import {
  type AssociationFilter,
  type AssociationRow,
  findPlatform,
  type PlatformKind,
  type PlatformRow,
  pageAssociations,
  pagePlatforms,
} from '../store/platforms.js';
import {
  type AccountCall,
  type AccountRoute,
  defineAccountRoute,
  hasViolations,
  pageAnswer,
  pageOf,
  readSlice,
  readText,
} from './account-route.js';

const TAG = 'Applications and entities';
const ROOT = '/provisioning/1';
const SIZE_MAX = 1000;
const TEXT_LENGTH_MAX = 255;

const pagingQuery = Type.Object({
  page: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
  size: Type.Optional(Type.Integer({ minimum: 1, maximum: SIZE_MAX, default: 20 })),
});

/** All endpoints of the API. */
export function provisioningRoutes(parts: PlatformParts): AccountRoute[] {
  return [
    ...platformRoutes(parts, {
      kind: 'application',
      plural: 'applications',
      example: { applicationId: 'crm', applicationName: 'CRM' },
      schema: applicationSchema,
      changeSchema: applicationChangeSchema,
      validate: (value) =>
        mapped(validateApplication(value), (row) => ({ id: row.applicationId, name: row.applicationName })),
      validateChange: (value) => mapped(validateApplicationChange(value), (row) => ({ name: row.applicationName })),
      show: ({ id, name }) => ({ applicationId: id, applicationName: name }),
      changeExample: { applicationName: 'CRM' },
    }),
    ...platformRoutes(parts, {
      kind: 'entity',
      plural: 'entities',
      example: { entityId: 'shop-3', entityName: 'Shop 3' },
      schema: entitySchema,
      changeSchema: entityChangeSchema,
      validate: (value) => mapped(validateEntity(value), (row) => ({ id: row.entityId, name: row.entityName })),
      validateChange: (value) => mapped(validateEntityChange(value), (row) => ({ name: row.entityName })),
      show: ({ id, name }) => ({ entityId: id, entityName: name }),
      changeExample: { entityName: 'Shop III' },
    }),
    ...associationRoutes(parts),
  ];
}

/** What differs between applications and entities. */
interface Flavour {
  kind: PlatformKind;
  plural: string;
  example: object;
  changeExample: object;
  schema: TObject;
  changeSchema: TObject;
  validate(value: unknown): Validated<{ id: string; name: string | undefined }>;
  validateChange(value: unknown): Validated<{ name: string | undefined }>;
  show(row: PlatformRow): object;
}

function mapped<From, To>(validated: Validated<From>, map: (value: From) => To): Validated<To> {
  return validated.ok ? { ok: true, value: map(validated.value) } : validated;
}

function platformRoutes(parts: PlatformParts, flavour: Flavour): AccountRoute[] {
  const { kind, plural, example, show } = flavour;
  const url = `${ROOT}/${plural}`;
  return [
    defineAccountRoute({
      method: 'GET',
      url,
      tag: TAG,
      summary: `List ${plural} by id`,
      query: pagingQuery,
      answer: pageAnswer(example),
      async handle({ account, query }) {
        const violations: Violations = {};
        const slice = readSlice(query, SIZE_MAX, violations);
        if (hasViolations(violations)) return { violations };
        return { status: 200, body: pageOf(await pagePlatforms(parts.database, kind, account, slice), slice, show) };
      },
    }),
    defineAccountRoute({
      method: 'GET',
      url: `${url}/:id`,
      tag: TAG,
      summary: `Read an ${kind}`,
      answer: { status: 200, description: `The ${kind}`, example },
      async handle({ account, param }) {
        const row = await findPlatform(parts.database, kind, account, param('id'));
        return row === undefined ? refuse('notFound', `no such ${kind}`) : { status: 200, body: show(row) };
      },
    }),
    ...platformChanges(parts, flavour, url),
  ];
}

function platformChanges(parts: PlatformParts, flavour: Flavour, url: string): AccountRoute[] {
  const { kind, example, changeExample, schema, changeSchema, validate, validateChange } = flavour;
  return [
    defineAccountRoute({
      method: 'POST',
      url,
      tag: TAG,
      summary: `Make an ${kind}`,
      body: { schema, example, validate },
      answer: { status: 201, description: 'Made' },
      errors: [409],
      async handle({ account, body }) {
        const made = await createPlatform(parts, kind, account, body);
        return isRefusal(made) ? made : { status: 201, location: `${url}/${body.id}` };
      },
    }),
    defineAccountRoute({
      method: 'PUT',
      url: `${url}/:id`,
      tag: TAG,
      summary: `Name an ${kind} anew`,
      body: { schema: changeSchema, example: changeExample, validate: validateChange },
      answer: { status: 204, description: 'Named' },
      async handle({ account, param, body }) {
        const id = param('id');
        const done = await changePlatform(parts, kind, account, { id, name: body.name ?? id });
        return isRefusal(done) ? done : { status: 204 };
      },
    }),
    defineAccountRoute({
      method: 'DELETE',
      url: `${url}/:id`,
      tag: TAG,
      summary: `Delete an ${kind}; what was linked to it falls back`,
      answer: { status: 200, description: 'Deleted' },
      async handle({ account, param }) {
        const done = await deletePlatform(parts, kind, account, param('id'));
        return isRefusal(done) ? done : { status: 200 };
      },
    }),
  ];
}

// ------------------------------------------------------------- associations

const ASSOCIATIONS = `${ROOT}/associations`;
const text = Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX }));
const associationQuery = Type.Object({
  ...pagingQuery.properties,
  resourceType: Type.Optional(Type.Enum([...RESOURCE_TYPES])),
  channel: Type.Optional(Type.Enum([...RESOURCE_CHANNELS])),
  applicationId: text,
  entityId: text,
  resourceId: text,
});
const associationExample = {
  resourceType: 'NUMBER',
  channel: 'WHATSAPP',
  applicationId: 'crm',
  entityId: 'shop-3',
  resourceId: '441134960000',
};
const { entityId: _, ...associationWithout } = associationExample;

function associationRoutes(parts: PlatformParts): AccountRoute[] {
  const { database } = parts;
  const body = { schema: associationSchema, example: associationExample, validate: validateAssociation };
  return [
    defineAccountRoute({
      method: 'GET',
      url: ASSOCIATIONS,
      tag: TAG,
      summary: 'List associations of resources',
      query: associationQuery,
      answer: pageAnswer(associationExample, associationWithout),
      async handle({ account, query }) {
        const violations: Violations = {};
        const filter = readFilter(query, violations);
        if (hasViolations(violations)) return { violations };
        return {
          status: 200,
          body: pageOf(await pageAssociations(database, account, filter), filter, showAssociation),
        };
      },
    }),
    defineAccountRoute({
      method: 'GET',
      url: `${ASSOCIATIONS}/single`,
      tag: TAG,
      summary: 'Read an association',
      query: associationQuery,
      answer: {
        status: 200,
        description: 'The association',
        example: associationExample,
        also: [associationWithout],
      },
      async handle({ account, query }) {
        const violations: Violations = {};
        const filter = readFilter(query, violations);
        for (const name of ['resourceType', 'channel', 'applicationId', 'resourceId'] as const)
          if (filter[name] === null && violations[name] === undefined)
            addViolation(violations, name, 'must not be blank');
        if (hasViolations(violations)) return { violations };
        const { rows } = await pageAssociations(database, account, { ...filter, limit: 1, offset: 0 });
        const [row] = rows;
        return row === undefined
          ? refuse('notFound', 'no such association')
          : { status: 200, body: showAssociation(row) };
      },
    }),
    defineAccountRoute({
      method: 'POST',
      url: ASSOCIATIONS,
      tag: TAG,
      summary: 'Associate a resource with an application and an entity',
      body,
      answer: { status: 201, description: 'Associated' },
      errors: [409],
      async handle({ account, body: given }) {
        const done = await associate(parts, account, { ...given, entityId: given.entityId ?? null });
        return isRefusal(done) ? done : { status: 201 };
      },
    }),
    defineAccountRoute({
      method: 'DELETE',
      url: ASSOCIATIONS,
      tag: TAG,
      summary: 'End an association',
      body,
      answer: { status: 204, description: 'Ended' },
      async handle({ account, body: given }) {
        const done = await dissociate(parts, account, { ...given, entityId: given.entityId ?? null });
        return isRefusal(done) ? done : { status: 204 };
      },
    }),
  ];
}

function readFilter(query: AccountCall<unknown>['query'], violations: Violations): AssociationFilter {
  const read = (name: string): string | null => readText(query, name, TEXT_LENGTH_MAX, violations) ?? null;
  const oneOf = (name: string, known: readonly string[]): string | null => {
    const given = read(name);
    if (given !== null && !known.includes(given)) addViolation(violations, name, `must be one of ${known.join(', ')}`);
    return given;
  };
  return {
    resourceType: oneOf('resourceType', RESOURCE_TYPES),
    channel: oneOf('channel', RESOURCE_CHANNELS),
    applicationId: read('applicationId'),
    entityId: read('entityId'),
    resourceId: read('resourceId'),
    ...readSlice(query, SIZE_MAX, violations),
  };
}

function showAssociation({ resourceType, channel, applicationId, entityId, resourceId }: AssociationRow): object {
  return { resourceType, channel, applicationId, entityId: entityId ?? undefined, resourceId };
}
