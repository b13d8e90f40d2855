// Templates as Meta's reviewers and users make them fare: how reviews end, quality, pauses, categories.
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { checkerOf } from '../checker.js';
import { Category, QUALITY_SCORES, Reviews, type Template } from '../templates/record.js';
import { REVIEWS_DEFAULT, type World } from '../world.js';
import { allowQuery, ControlError, isoTime, parseBody, textParam } from './answer.js';
import type { ControlParts } from './parts.js';

const closed = { additionalProperties: false };
const IN_SECONDS_MAX = 366 * 86_400;
const { mode, delayMs, reason, creationsPerHour } = Reviews.properties;

const ReviewsBody = checkerOf(
  Type.Object(
    {
      mode: Type.Optional(mode),
      delayMs: Type.Optional(delayMs),
      reason: Type.Optional(reason),
      creationsPerHour: Type.Optional(creationsPerHour),
    },
    closed,
  ),
);
const DecisionBody = checkerOf(
  Type.Object(
    {
      decision: Type.Enum(['approve', 'reject', 'pause', 'unpause', 'disable']),
      reason: Type.Optional(reason),
    },
    closed,
  ),
);
const QualityBody = checkerOf(Type.Object({ score: Type.Enum([...QUALITY_SCORES]) }, closed));
const CategoryBody = checkerOf(
  Type.Object(
    {
      category: Category,
      inSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: IN_SECONDS_MAX })),
    },
    closed,
  ),
);

/** Registers `GET /templates`, `PUT /templates/reviews` and `POST /templates/{id}/review|quality|category`. */
export function registerTemplates(app: FastifyInstance, { world, templates }: ControlParts): void {
  app.get('/templates', (request) => {
    allowQuery(request.query, ['wabaId']);
    const wabaId = textParam(request.query, 'wabaId');
    const all = [...world.templates.values()].filter(({ wabaId: own }) => wabaId === undefined || own === wabaId);
    return { templates: all.map(templateView) };
  });
  app.put('/templates/reviews', (request) => {
    world.settings().reviews = { ...REVIEWS_DEFAULT, ...parseBody(ReviewsBody, request.body) };
    world.saveSettings();
    return world.settings().reviews;
  });
  app.post('/templates/:id/review', (request) => {
    const template = existing(world, request.params);
    const { decision, reason: why = REVIEWS_DEFAULT.reason } = parseBody(DecisionBody, request.body);
    refuseMoved(template, decision);
    if (decision === 'reject') templates.reject(template, why);
    else templates[decision](template);
    return templateView(template);
  });
  app.post('/templates/:id/quality', (request) => {
    const template = existing(world, request.params);
    templates.setQuality(template, parseBody(QualityBody, request.body).score);
    return templateView(template);
  });
  app.post('/templates/:id/category', (request) => {
    const template = existing(world, request.params);
    const { category, inSeconds = 0 } = parseBody(CategoryBody, request.body);
    if (category === template.category) throw new ControlError(409, `the template is ${category} already`, 'category');
    templates.recategorise(template, category, inSeconds * 1000);
    return templateView(template);
  });
}

function existing(world: World, params: unknown): Template {
  const id = textParam(params, 'id');
  const template = [...world.templates.values()].find((each) => each.id === id && each.deletedAt === null);
  if (template === undefined) throw new ControlError(404, 'no such template', 'id');
  return template;
}

/** Only what is approved can be paused, and only what is paused unpaused. */
function refuseMoved({ status }: Template, decision: string): void {
  const isFit =
    (decision !== 'pause' || status === 'APPROVED') &&
    (decision !== 'unpause' || status === 'PAUSED') &&
    (decision !== 'approve' || status !== 'APPROVED');
  if (!isFit) throw new ControlError(409, `the template is ${status}`, 'decision');
}

/** A template as the control API shows it. */
export function templateView(template: Template): Record<string, unknown> {
  const { id, wabaId, name, language, category, status, parameterFormat, components, rejectedReason } = template;
  const { quality, pauses, createdAt, approvedAt, reviewAt, pausedUntil, recategorisation, live } = template;
  return {
    id,
    wabaId,
    name,
    language,
    category,
    status,
    parameterFormat,
    components,
    isSendable: live !== null && (status === 'APPROVED' || status === 'PENDING'),
    rejectedReason,
    quality: quality.score,
    pauses,
    createdAt: isoTime(createdAt),
    approvedAt: maybeTime(approvedAt),
    reviewAt: maybeTime(reviewAt),
    pausedUntil: maybeTime(pausedUntil),
    recategorisation:
      recategorisation === null ? null : { category: recategorisation.category, at: isoTime(recategorisation.at) },
  };
}

function maybeTime(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}
