// AUTHENTICATION templates in many languages: POST /{waba-id}/upsert_message_templates and GET /{waba-id}/message_template_previews (Meta 4.1).
import Type from 'typebox';
import { checkerOf } from '../../checker.js';
import type { Component } from '../../templates/component.js';
import { withPresets } from '../../templates/preset.js';
import { templateKey } from '../../templates/record.js';
import { refuseParameter } from '../../templates/refusals.js';
import { type GraphAnswer, type GraphCall, notFound, ownWaba, queryText, refuse } from '../call.js';
import { checkBody } from '../schema.js';
import { editTemplate } from './change.js';
import { createTemplate, type TemplateParts } from './create.js';
import { LANGUAGES } from './languages.js';

const CATEGORY = 'AUTHENTICATION';
const EXPIRATION_MINUTES_MAX = 90;

const Upsert = Type.Object(
  {
    name: Type.String(),
    languages: Type.Array(Type.String(), { minItems: 1, maxItems: LANGUAGES.size, uniqueItems: true }),
    category: Type.Enum([CATEGORY]),
    components: Type.Array(Type.Unknown(), { minItems: 1 }),
    message_send_ttl_seconds: Type.Optional(Type.Integer()),
  },
  { additionalProperties: false },
);
const UpsertBody = checkerOf(Upsert);

/** Makes the template in each language, or edits it where it is there; the first refusal ends it, what was done before stays. */
export function upsertTemplates(parts: TemplateParts, call: GraphCall): GraphAnswer {
  const waba = ownWaba(parts.world, call);
  if (waba === undefined) return notFound(call);
  const { body } = call;
  if (!UpsertBody.Check(body))
    return refuse(refuseParameter(checkBody(UpsertBody, body)?.details ?? 'The request body must be a JSON object.'));
  const { languages, name, ...rest } = body;
  if (!languages.every((language) => LANGUAGES.has(language)))
    return refuse(refuseParameter('Param languages has a language that is not supported.'));
  const data: object[] = [];
  for (const language of languages) {
    const key = templateKey(waba.wabaId, name, language);
    const known = parts.world.templates.get(key);
    const { category: _, ...edit } = rest;
    const answer =
      known === undefined || known.deletedAt !== null
        ? createTemplate(parts, { ...call, query: {}, body: { ...rest, name, language } })
        : editTemplate(parts, { ...call, id: known.id, query: {}, body: edit });
    if ('refusal' in answer) return answer;
    const made = parts.world.templates.get(key);
    data.push({ id: made?.id, status: made?.status, language });
  }
  return { body: { data } };
}

/** The preset texts of such a template, in English whatever the language. */
export function previewTemplates({ world }: TemplateParts, call: GraphCall): GraphAnswer {
  if (ownWaba(world, call) === undefined) return notFound(call);
  const { query } = call;
  if (queryText(query, 'category')?.toUpperCase() !== CATEGORY)
    return refuse(refuseParameter(`Param category must be ${CATEGORY}.`));
  if (queryText(query, 'button_types')?.toUpperCase() !== 'OTP')
    return refuse(refuseParameter('Param button_types must be OTP.'));
  const minutes = queryText(query, 'code_expiration_minutes');
  if (
    minutes !== undefined &&
    !(/^\d+$/.test(minutes) && Number(minutes) >= 1 && Number(minutes) <= EXPIRATION_MINUTES_MAX)
  )
    return refuse(refuseParameter(`Param code_expiration_minutes must be 1 to ${EXPIRATION_MINUTES_MAX}.`));
  const languages = queryText(query, 'languages')?.split(',') ?? [...LANGUAGES];
  if (!languages.every((language) => LANGUAGES.has(language)))
    return refuse(refuseParameter('Param languages has a language that is not supported.'));
  const isSecure = queryText(query, 'add_security_recommendation') === 'true';
  const components: Component[] = [
    { type: 'BODY', add_security_recommendation: isSecure },
    ...(minutes === undefined ? [] : [{ type: 'FOOTER' as const, code_expiration_minutes: Number(minutes) }]),
  ];
  const [body, footer] = withPresets(components, CATEGORY).map(({ text }) => text);
  const texts = {
    body,
    ...(footer === undefined ? {} : { footer }),
    buttons: [{ autofill_text: 'Autofill', text: 'Copy code' }],
  };
  return { body: { data: languages.map((language) => ({ ...texts, language })) } };
}
