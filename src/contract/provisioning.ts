// Applications, entities and their associations with resources (Infobip 6).
import { Type } from 'typebox';
import { clientId } from './subscriptions/fields.js';
import { compileValidator } from './validate.js';

/** What resources without another application fall back to. */
export const DEFAULT_APPLICATION = 'default';

const TEXT_LENGTH_MAX = 255;
/** Kinds of resources that can be associated. */
export const RESOURCE_TYPES = ['NUMBER', 'DOMAIN', 'ALPHA', 'RCS_RESOURCE', 'APPLE_RESOURCE'] as const;
/** Channels of resources. */
export const RESOURCE_CHANNELS = ['SMS', 'MMS', 'EMAIL', 'WHATSAPP', 'RCS', 'APPLE'] as const;

const name = Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX }));
const text = Type.String({ minLength: 1, maxLength: TEXT_LENGTH_MAX });

/** Body of POST /applications. */
export const applicationSchema = Type.Object({ applicationId: clientId, applicationName: name });
/** Body of PUT /applications/{id}. */
export const applicationChangeSchema = Type.Object({ applicationName: name });
/** Body of POST /entities. */
export const entitySchema = Type.Object({ entityId: clientId, entityName: name });
/** Body of PUT /entities/{id}. */
export const entityChangeSchema = Type.Object({ entityName: name });
/** Body of POST and DELETE /associations; entityId may be null. */
export const associationSchema = Type.Object({
  resourceType: Type.Enum([...RESOURCE_TYPES]),
  channel: Type.Enum([...RESOURCE_CHANNELS]),
  applicationId: text,
  entityId: Type.Optional(Type.String({ maxLength: TEXT_LENGTH_MAX })),
  resourceId: text,
});

/** Reads the bodies. */
export const validateApplication = compileValidator(applicationSchema);
export const validateApplicationChange = compileValidator(applicationChangeSchema);
export const validateEntity = compileValidator(entitySchema);
export const validateEntityChange = compileValidator(entityChangeSchema);
export const validateAssociation = compileValidator(associationSchema);

/** An application, an entity, both or neither. */
export interface NamedPlatform {
  applicationId?: string | undefined;
  entityId?: string | undefined;
}

/**
 * What counts for a message of a sender that is associated: what the request names, and of the association what it leaves out. The entity
 * of an association belongs to its application, and is not put under another.
 */
export function withAssociation(named: NamedPlatform, associated: NamedPlatform): NamedPlatform {
  const applicationId = named.applicationId ?? associated.applicationId;
  const isSame = applicationId === associated.applicationId;
  return { applicationId, entityId: named.entityId ?? (isSame ? associated.entityId : undefined) };
}
