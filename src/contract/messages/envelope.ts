// A message type and all that follows from it: the request schema of its endpoint, its validator, Meta's request body.
import { type Static, type TObject, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { envelopeFields, urlOptionsField } from '../fields.js';
import type { Violations } from '../readers.js';
import { compileValidator, type Validated } from '../validate.js';

const sendRequestSchema = Type.Object({
  ...envelopeFields,
  urlOptions: Type.Optional(urlOptionsField),
  content: Type.Object({}),
});

/** A validated request of any single-message endpoint (Infobip 2.1). Optional texts that were empty are absent. */
export type SendRequest = Static<typeof sendRequestSchema>;

/** The part of Meta's message body that depends on the type: `type` and the object of that name (Meta 1.1). */
export type WireContent = Readonly<Record<string, unknown>> & { readonly type: string };

/** What one file of this folder says about its type. */
export interface MessageDefinition<C extends TObject> {
  /** Path tail after `/whatsapp/1/message/`. */
  path: string;
  /** Infobip's name of the type. */
  type: string;
  /** One sentence for the API page. */
  summary: string;
  content: C;
  /** Whether the request takes `urlOptions` (Infobip 2.1). */
  hasUrlOptions: boolean;
  /** Maps validated content to Meta's. Pure. */
  toWire(content: Static<C>): WireContent;
  /** Rules between fields; adds violations. */
  crossCheck?(content: Static<C>, request: SendRequest, violations: Violations): void;
  /** A request that is right, used in the API page and by the generic tests. */
  example: SendRequest & { content: Static<C> };
}

/** A message type as the rest of the gateway knows it: the content's own shape is known to its file only. */
export interface MessageType {
  readonly path: string;
  readonly type: string;
  readonly summary: string;
  /** JSON Schema of the whole request, for the API page. */
  readonly schema: TObject;
  readonly example: SendRequest;
  /** Reads a request body. Never throws, whatever JSON value it gets. */
  validate(body: unknown): Validated<SendRequest>;
  /** Meta's form of content that `validate` gave. Throws TypeError on other content. */
  toWire(content: unknown): WireContent;
}

/** Infobip's own page spells it so in places (DESIGN 9). */
const ALIASES = { applicationID: 'applicationId' } as const;

/** Builds the message type that follows from `definition`. */
export function defineMessage<C extends TObject>(definition: MessageDefinition<C>): MessageType {
  const { path, type, summary, content, hasUrlOptions, example } = definition;
  const compiled = Compile(content);
  const isContent = (value: unknown): value is Static<C> => compiled.Check(value);
  const schema: TObject = Type.Object({
    ...envelopeFields,
    ...(hasUrlOptions ? { urlOptions: Type.Optional(urlOptionsField) } : {}),
    content,
  });
  const isSendRequest = Compile(sendRequestSchema);
  const validate = compileValidator(schema, {
    aliases: ALIASES,
    crossCheck(request, violations) {
      if (!isSendRequest.Check(request) || !isContent(request.content))
        throw new TypeError('envelope and schema differ');
      definition.crossCheck?.(request.content, request, violations);
    },
  });
  return {
    path,
    type,
    summary,
    schema,
    example,
    validate(body) {
      const result = validate(body);
      if (!result.ok) return result;
      if (!isSendRequest.Check(result.value)) throw new TypeError('envelope and schema differ');
      return { ok: true, value: result.value };
    },
    toWire(stored) {
      if (!isContent(stored)) throw new TypeError(`stored content is not of type ${type}`);
      return definition.toWire(stored);
    },
  };
}
