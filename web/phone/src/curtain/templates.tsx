// The templates and their review: approve, reject with a reason, pause, quality; and how reviews end by themselves.
import { useState } from 'preact/hooks';
import { review } from '../api/actions.js';
import { call } from '../api/client.js';
import { Choice, Empty, Field } from '../parts/parts.js';
import { clockTime } from '../pure/times.js';
import type { Template } from '../state/model.js';
import { sandbox } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { Curl, pointedAt, Section } from './parts.js';

type Decision = keyof typeof texts.drawer.decide;

/** What can be decided in each state. */
const DECISIONS: Readonly<Record<string, readonly Decision[]>> = {
  PENDING: ['approve', 'reject'],
  REJECTED: ['approve'],
  APPROVED: ['pause', 'reject', 'disable'],
  PAUSED: ['unpause', 'disable'],
};
const ORDER = ['PENDING', 'REJECTED', 'PAUSED', 'DISABLED', 'APPROVED'];
const SCORES = ['GREEN', 'YELLOW', 'RED'] as const;

/** The queue: what waits for a decision first. */
export function TemplatesTab() {
  const templates = useStore(sandbox, (state) => state.templates);
  const sorted = [...templates.values()].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  return (
    <>
      <Reviews />
      {sorted.length === 0 ? (
        <Empty icon="file" title={texts.drawer.noTemplates} hint={texts.drawer.noTemplatesHint} />
      ) : null}
      {sorted.map((template) => (
        <TemplateCard key={template.id} template={template} />
      ))}
    </>
  );
}

function Reviews() {
  const mode = useStore(sandbox, (state) => state.reviews);
  return (
    <Section title={texts.drawer.reviews} hint={texts.drawer.reviewsHint}>
      <Choice
        label={texts.drawer.reviews}
        value={mode}
        options={[
          ['approve', texts.drawer.reviewModes.approve],
          ['reject', texts.drawer.reviewModes.reject],
          ['manual', texts.drawer.reviewModes.manual],
        ]}
        change={(next) => void attempt(() => call('PUT', '/templates/reviews', { mode: next }))}
      />
      <Curl method="PUT" path="/templates/reviews" body={{ mode: 'manual' }} />
    </Section>
  );
}

function TemplateCard({ template }: { template: Template }) {
  const { id, name, language, category, status, body, rejectedReason, pausedUntil } = template;
  const decisions = DECISIONS[status] ?? [];
  const [reason, setReason] = useState('INVALID_FORMAT');
  const [pointed, setPointed] = useState<Decision>();
  const shown = decisions.find((decision) => decision === pointed) ?? decisions[0] ?? 'approve';
  const bodyOf = (decision: Decision) => ({ decision, ...(decision === 'reject' ? { reason } : {}) });
  return (
    <article class="template" aria-label={name}>
      <header>
        <strong>{name}</strong>
        <span class={`badge ${status === 'APPROVED' ? 'good' : status === 'PENDING' ? '' : 'bad'}`}>{status}</span>
      </header>
      <small>
        {language} · {category}
        {status === 'REJECTED' ? ` · ${rejectedReason}` : ''}
        {pausedUntil === undefined ? '' : ` · ${clockTime(pausedUntil)}`}
      </small>
      <p>{body}</p>
      <div class="button-row">
        {decisions.map((decision) => (
          <button
            key={decision}
            type="button"
            class={`secondary${decision === 'approve' || decision === 'unpause' ? '' : ' danger'}`}
            {...pointedAt(() => setPointed(decision))}
            onClick={() => void attempt(() => review(id, bodyOf(decision)))}
          >
            {texts.drawer.decide[decision]}
          </button>
        ))}
      </div>
      {decisions.includes('reject') ? (
        <Field
          label={texts.drawer.reason}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value.toUpperCase())}
        />
      ) : null}
      {status === 'APPROVED' || status === 'PAUSED' ? <Quality template={template} /> : null}
      <Curl method="POST" path={`/templates/${id}/review`} body={bodyOf(shown)} />
    </article>
  );
}

function Quality({ template: { id, quality } }: { template: Template }) {
  const score = SCORES.find((each) => each === quality);
  const path = `/templates/${id}/quality`;
  return (
    <>
      <Choice
        label={texts.drawer.quality}
        value={score ?? 'UNKNOWN'}
        options={SCORES.map((each) => [each, each.toLowerCase()] as const)}
        change={(next) => void attempt(() => call('POST', path, { score: next }))}
      />
      <Curl method="POST" path={path} body={{ score: score === 'GREEN' ? 'YELLOW' : 'GREEN' }} />
    </>
  );
}
