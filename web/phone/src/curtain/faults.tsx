// Faults: calls or webhooks that fail, come late, or are lost, and how often.
import { useState } from 'preact/hooks';
import { call } from '../api/client.js';
import { Choice, Empty, Field, IconButton } from '../parts/parts.js';
import type { Fault } from '../state/model.js';
import { sandbox } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { Curl, Section } from './parts.js';

type Place = 'graph' | 'webhook';
type EffectName = keyof typeof texts.drawer.effects;
type WhenName = keyof typeof texts.drawer.whens;

const EFFECTS: Readonly<Record<Place, readonly EffectName[]>> = {
  graph: ['code', 'httpStatus', 'latencyMs', 'loseResponse', 'drop'],
  webhook: ['httpStatus', 'latencyMs', 'loseResponse', 'drop', 'duplicate', 'reorder'],
};
const FIRST_VALUE: Readonly<Partial<Record<EffectName, string>>> = {
  code: '131056',
  httpStatus: '503',
  latencyMs: '3000',
};
const WHENS: readonly WhenName[] = ['next', 'every', 'always', 'probability'];
const SEED = 1;

/** What fails now, and a form for more of it. */
export function FaultsTab() {
  const faults = useStore(sandbox, (state) => state.faults);
  const [first] = faults;
  return (
    <>
      <FaultForm />
      <Section title={texts.drawer.tabs.faults}>
        {faults.length === 0 ? (
          <Empty icon="bolt" title={texts.drawer.noFaults} hint={texts.drawer.noFaultsHint} />
        ) : null}
        <ul class="faults">
          {faults.map((fault) => (
            <FaultLine key={fault.id} fault={fault} />
          ))}
        </ul>
        {faults.length > 1 ? (
          <button type="button" class="secondary danger" onClick={() => void attempt(() => call('DELETE', '/faults'))}>
            {texts.drawer.removeAll}
          </button>
        ) : null}
        {first === undefined ? null : (
          <Curl method="DELETE" path={faults.length > 1 ? '/faults' : `/faults/${first.id}`} />
        )}
      </Section>
    </>
  );
}

function FaultLine({ fault }: { fault: Fault }) {
  const { id, on, match, effect, when, hits } = fault;
  const text = [match, effect, when]
    .map((part) =>
      JSON.stringify(part)
        .replace(/[{}"]/g, '')
        .replace(/([:,])/g, '$1 '),
    )
    .filter((part) => part !== '');
  return (
    <li>
      <span>
        <strong>{on === 'webhook' ? texts.drawer.onWebhook : texts.drawer.onGraph}</strong>
        <small>{text.join(' · ')}</small>
        <small>{texts.drawer.hits(hits)}</small>
      </span>
      <IconButton
        icon="trash"
        size={18}
        label={texts.drawer.removeFault}
        onClick={() => void attempt(() => call('DELETE', `/faults/${id}`))}
      />
    </li>
  );
}

interface Draft {
  on: Place;
  effect: EffectName;
  value: string;
  path: string;
  when: WhenName;
  often: string;
}

function FaultForm() {
  const [draft, setDraft] = useState<Draft>({
    on: 'graph',
    effect: 'code',
    value: '131056',
    path: '',
    when: 'next',
    often: '1',
  });
  const change = (patch: Partial<Draft>) => setDraft({ ...draft, ...patch });
  const choose = (effect: EffectName) => change({ effect, value: FIRST_VALUE[effect] ?? '' });
  const effects = EFFECTS[draft.on];
  const body = bodyOf(draft);
  return (
    <Section title={texts.drawer.newFault}>
      <Choice
        label={texts.drawer.faultOn}
        value={draft.on}
        options={[
          ['graph', texts.drawer.onGraph],
          ['webhook', texts.drawer.onWebhook],
        ]}
        change={(on) => change({ on, effect: 'httpStatus', value: '503' })}
      />
      <div class="field-pair">
        <Select
          label={texts.drawer.effect}
          value={draft.effect}
          options={effects}
          names={texts.drawer.effects}
          change={choose}
        />
        <EffectValue draft={draft} change={(value) => change({ value })} />
      </div>
      <div class="field-pair">
        <Select
          label={texts.drawer.when}
          value={draft.when}
          options={WHENS}
          names={texts.drawer.whens}
          change={(when) => change({ when })}
        />
        {draft.when === 'always' ? null : (
          <Field
            label={texts.drawer.whenValues[draft.when]}
            inputMode="numeric"
            value={draft.often}
            onInput={(event) => change({ often: event.currentTarget.value.replace(/\D/g, '') })}
          />
        )}
      </div>
      <Field
        label={texts.drawer.path}
        placeholder="/messages"
        value={draft.path}
        onInput={(event) => change({ path: event.currentTarget.value })}
      />
      <button type="button" class="primary" onClick={() => void attempt(() => call('POST', '/faults', body))}>
        {texts.drawer.addFault}
      </button>
      <Curl method="POST" path="/faults" body={body} />
    </Section>
  );
}

function EffectValue({ draft: { effect, value }, change }: { draft: Draft; change(value: string): void }) {
  if (effect !== 'code' && effect !== 'httpStatus' && effect !== 'latencyMs') return null;
  return (
    <Field
      label={texts.drawer.value[effect]}
      inputMode="numeric"
      value={value}
      onInput={(event) => change(event.currentTarget.value.replace(/\D/g, ''))}
    />
  );
}

function Select<T extends string>({
  label,
  value,
  options,
  names,
  change,
}: {
  label: string;
  value: T;
  options: readonly T[];
  names: Readonly<Record<T, string>>;
  change(value: T): void;
}) {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        value={value}
        onChange={(event) => {
          const chosen = options.find((option) => option === event.currentTarget.value);
          if (chosen !== undefined) change(chosen);
        }}
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {names[option]}
          </option>
        ))}
      </select>
    </label>
  );
}

function bodyOf({ on, effect, value, path, when, often }: Draft): Record<string, unknown> {
  const isNumber = effect === 'code' || effect === 'httpStatus' || effect === 'latencyMs';
  const count = Math.max(1, Number(often) || 1);
  return {
    on,
    ...(path.trim() === '' ? {} : { match: { path: path.trim() } }),
    effect: { [effect]: isNumber ? Number(value) : true },
    when:
      when === 'always'
        ? { always: true }
        : when === 'probability'
          ? { probability: Math.min(100, count) / 100, seed: SEED }
          : { [when]: count },
  };
}
