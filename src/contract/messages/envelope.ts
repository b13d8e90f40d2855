// A message type and all that follows from it: the request schema of its endpoint, its validator, Meta's request body.
import { type Static, type TObject, Type } from 'typebox';
import { checkOf } from '../check.js';
import { checkUrlOptions, envelopeFields, urlOptionsField } from '../fields.js';
import type { Violations } from '../readers.js';
import { compileValidator, type Validated } from '../validate.js';

const sendRequestSchema = Type.Object({
  ...envelopeFields,
  urlOptions: Type.Optional(urlOptionsField),
  content: Type.Optional(Type.Object({})),
});

const isSendRequest = checkOf(sendRequestSchema);

/** A validated request of any single-message endpoint (Infobip 2.1). Optional texts that were empty are absent. */
export type SendRequest = Static<typeof sendRequestSchema>;

/** A part of the common request that some types do not have (Infobip 2.1). */
export type Lack = 'content' | 'context' | 'urlOptions';

/** What a type's mapping is told besides the content. */
export interface WireMoment {
  /** When the message was accepted, ms. Every attempt of a message is told the same, so that its body stays the same. */
  acceptedAt: number;
}

/** The content of the types that have none. */
export const noContent = Type.Object({}, { additionalProperties: false });

/** The part of Meta's message body that depends on the type: `type` and the object of that name (Meta 1.1). */
export type WireContent = Readonly<Record<string, unknown>> & { readonly type: string };

/** What one file of this folder says about its type. */
export interface MessageDefinition<C extends TObject> {
  /** Path tail after `/whatsapp/1/message/`. */
  path: string;
  /** One sentence for the API page. */
  summary: string;
  /** `noContent` for a type that lacks it. */
  content: C;
  lacks?: readonly Lack[];
  /** Maps validated content to Meta's. Pure. Absent when Meta has no such message: it is refused then, with a report. */
  toWire?(content: Static<C>, moment: WireMoment): WireContent;
  /** Rules between fields; adds violations. */
  crossCheck?(content: Static<C>, request: SendRequest, violations: Violations): void;
  /** A request that is right, used in the API page and by the generic tests. */
  example: SendRequest & { content?: Static<C> };
}

/** A message type as the rest of the gateway knows it: the content's own shape is known to its file only. */
export interface MessageType {
  readonly path: string;
  /** Infobip's name of the type as stored with a message: the path in capitals, `INTERACTIVE_URL_BUTTON`. */
  readonly type: string;
  readonly summary: string;
  /** False when Meta has no such message. */
  readonly isSendable: boolean;
  /** JSON Schema of the whole request, for the API page. */
  readonly schema: TObject;
  readonly example: SendRequest;
  /** Reads a request body. Never throws, whatever JSON value it gets. */
  validate(body: unknown): Validated<SendRequest>;
  /** Meta's form of content that `validate` gave (`{}` when the type has none). Throws TypeError on other content, and when not sendable. */
  toWire(content: unknown, moment: WireMoment): WireContent;
}

/** Infobip's own page spells it so in places. */
const ALIASES = { applicationID: 'applicationId' } as const;

/** Builds the message type that follows from `definition`. */
export function defineMessage<C extends TObject>(definition: MessageDefinition<C>): MessageType {
  const { path, summary, content, example } = definition;
  const type = path.toUpperCase().replaceAll(/[/-]/g, '_');
  const isContent = checkOf(content);
  const schema = requestSchema(definition);
  const validate = compileValidator(schema, {
    aliases: ALIASES,
    crossCheck(request, violations) {
      if (!isSendRequest(request)) throw new TypeError('envelope and schema differ');
      const given = request.content ?? {};
      if (!isContent(given)) throw new TypeError('content and schema differ');
      checkUrlOptions(request.urlOptions, 'urlOptions', violations);
      definition.crossCheck?.(given, request, violations);
    },
  });
  return {
    path,
    type,
    summary,
    schema,
    example,
    isSendable: definition.toWire !== undefined,
    validate(body) {
      const result = validate(body);
      if (!result.ok) return result;
      if (!isSendRequest(result.value)) throw new TypeError('envelope and schema differ');
      return { ok: true, value: result.value };
    },
    toWire(stored, moment) {
      if (!isContent(stored)) throw new TypeError(`stored content is not of type ${type}`);
      if (definition.toWire === undefined) throw new TypeError(`${type} cannot be sent`);
      return definition.toWire(stored, moment);
    },
  };
}

function requestSchema<C extends TObject>({ content, lacks = [] }: MessageDefinition<C>): TObject {
  const { context, ...common } = envelopeFields;
  return Type.Object({
    ...common,
    ...(lacks.includes('context') ? {} : { context }),
    ...(lacks.includes('urlOptions') ? {} : { urlOptions: Type.Optional(urlOptionsField) }),
    ...(lacks.includes('content') ? {} : { content }),
  });
}
