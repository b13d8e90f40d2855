// The sheets that answer a message: a choice from a list, a call permission, a form.
import { useState } from 'preact/hooks';
import type { BubbleContext } from '../bubbles/context.js';
import { reply } from '../bubbles/interactive.js';
import { SendButton, Sheet } from '../parts/parts.js';
import { at, listAt, textAt } from '../pure/json.js';
import type { Message } from '../state/model.js';
import { texts } from '../texts.js';

interface Props {
  message: Message;
  context: BubbleContext;
  close(): void;
}

/** The rows of a list message; one is chosen. */
export function ListSheet({ message, context, close }: Props) {
  const [chosen, setChosen] = useState<unknown>();
  const action = at(message.payload, 'interactive', 'action');
  const send = () => {
    const { id, title, description } = {
      id: textAt(chosen, 'id'),
      title: textAt(chosen, 'title'),
      description: textAt(chosen, 'description'),
    };
    context.answer(message, reply('list_reply', { id, title, ...(description === '' ? {} : { description }) }));
    close();
  };
  return (
    <Sheet
      title={textAt(action, 'button')}
      close={close}
      foot={<SendButton isReady={chosen !== undefined} send={send} />}
    >
      {listAt(action, 'sections').map((section, index) => (
        <fieldset class="list-section" key={index}>
          <legend>{textAt(section, 'title')}</legend>
          {listAt(section, 'rows').map((row) => (
            <label class="list-row" key={textAt(row, 'id')}>
              <span>
                <strong>{textAt(row, 'title')}</strong>
                <small>{textAt(row, 'description')}</small>
              </span>
              <input type="radio" name="list-row" checked={chosen === row} onChange={() => setChosen(row)} />
            </label>
          ))}
        </fieldset>
      ))}
    </Sheet>
  );
}

const CALL_SECONDS = 7 * 86_400;

/** May the business call: for good, for a week, or not. */
export function CallSheet({ message, context, close }: Props) {
  const answer = (response: 'accept' | 'reject', isPermanent: boolean) => () => {
    const expiry = Math.floor(Date.now() / 1000) + CALL_SECONDS;
    const detail = response === 'reject' ? {} : isPermanent ? { is_permanent: true } : { expiration_timestamp: expiry };
    context.answer(message, reply('call_permission_reply', { response, ...detail, response_source: 'user_action' }));
    close();
  };
  return (
    <Sheet title={`${context.businessName} ${texts.bubble.callRequest}`} close={close}>
      <div class="stack">
        <button type="button" class="primary" data-autofocus onClick={answer('accept', true)}>
          {texts.bubble.allow}
        </button>
        <button type="button" class="secondary" onClick={answer('accept', false)}>
          {texts.bubble.allowOnce}
        </button>
        <button type="button" class="secondary" onClick={answer('reject', false)}>
          {texts.bubble.deny}
        </button>
      </div>
    </Sheet>
  );
}

/** The answer to a flow, as JSON: what it would have gathered. */
export function FormSheet({ message, context, close }: Props) {
  const parameters = at(message.payload, 'interactive', 'action', 'parameters');
  const first = { flow_token: textAt(parameters, 'flow_token') || 'unused' };
  const [json, setJson] = useState(JSON.stringify(first, null, 2));
  const isRight = isJson(json);
  const send = () => {
    const response = { name: 'flow', body: 'Sent', response_json: JSON.stringify(JSON.parse(json)) };
    context.answer(message, reply('nfm_reply', response));
    close();
  };
  return (
    <Sheet title={texts.bubble.flowTitle} close={close} foot={<SendButton isReady={isRight} send={send} />}>
      <p class="hint">{texts.bubble.flowHint}</p>
      <textarea
        class="code-area"
        rows={8}
        spellcheck={false}
        aria-label={texts.bubble.flowAnswer}
        aria-invalid={!isRight}
        value={json}
        onInput={(event) => setJson(event.currentTarget.value)}
      />
    </Sheet>
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
