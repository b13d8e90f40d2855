// The sheets that slide over a chat: choosing from a list, shopping, paying, sharing, answering.
import { useState } from 'preact/hooks';
import * as actions from '../api/actions.js';
import type { BubbleContext, SheetRequest } from '../bubbles/context.js';
import { reply } from '../bubbles/interactive.js';
import { MapTile } from '../bubbles/places.js';
import { copyText } from '../parts/hooks.js';
import { Icon } from '../parts/icons.js';
import { Field, Sheet } from '../parts/parts.js';
import { at, listAt, textAt } from '../pure/json.js';
import { formatNumber } from '../pure/numbers.js';
import type { Message, User } from '../state/model.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { EmojiGrid } from './emoji.js';
import { OrderSheet, ProductsSheet } from './shopping.js';

interface Props {
  request: SheetRequest;
  context: BubbleContext;
  user: User;
  close(): void;
}

/** The sheet that was asked for. */
export function ChatSheet({ request, context, user, close }: Props) {
  switch (request.kind) {
    case 'list':
      return <ListSheet message={request.message} context={context} close={close} />;
    case 'products':
      return <ProductsSheet message={request.message} context={context} close={close} />;
    case 'order':
      return <OrderSheet message={request.message} context={context} close={close} />;
    case 'place':
      return <PlaceSheet context={context} quoted={request.quoted} close={close} />;
    case 'contact':
      return <ContactSheet context={context} quoted={request.quoted} user={user} close={close} />;
    case 'call':
      return <CallSheet message={request.message} context={context} close={close} />;
    case 'address':
      return <FormSheet message={request.message} context={context} name="address_message" close={close} />;
    case 'flow':
      return <FormSheet message={request.message} context={context} name="flow" close={close} />;
    case 'failure':
      return <FailureSheet message={request.message} close={close} />;
    case 'edit':
      return <EditSheet request={request} context={context} close={close} />;
    default:
      return <EmojiSheet message={request.message} context={context} close={close} />;
  }
}

interface OfMessage {
  message: Message;
  context: BubbleContext;
  close(): void;
}

function ListSheet({ message, context, close }: OfMessage) {
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
      foot={
        <button type="button" class="primary" disabled={chosen === undefined} onClick={send}>
          {texts.send}
        </button>
      }
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

function PlaceSheet({ context, quoted, close }: { context: BubbleContext; quoted: string | undefined; close(): void }) {
  const [place, setPlace] = useState({ latitude: '51.50735', longitude: '-0.12776', name: '' });
  const [latitude, longitude] = [Number(place.latitude), Number(place.longitude)];
  const isRight =
    place.latitude !== '' && place.longitude !== '' && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  const send = () => {
    const location = { latitude, longitude, ...(place.name === '' ? {} : { name: place.name }) };
    void attempt(() => actions.say(context.address, { type: 'location', location }, quoted)).then(
      (isDone) => isDone && close(),
    );
  };
  return (
    <Sheet title={texts.sheets.place} close={close} foot={<SendButton isReady={isRight} send={send} />}>
      <div class="map-strip map-large">
        <MapTile latitude={isRight ? latitude : 0} longitude={isRight ? longitude : 0} />
      </div>
      <div class="field-pair">
        <Field
          label={texts.sheets.latitude}
          inputMode="decimal"
          value={place.latitude}
          onInput={(event) => setPlace({ ...place, latitude: event.currentTarget.value })}
        />
        <Field
          label={texts.sheets.longitude}
          inputMode="decimal"
          value={place.longitude}
          onInput={(event) => setPlace({ ...place, longitude: event.currentTarget.value })}
        />
      </div>
      <Field
        label={texts.sheets.placeName}
        value={place.name}
        onInput={(event) => setPlace({ ...place, name: event.currentTarget.value })}
      />
    </Sheet>
  );
}

function SendButton({ isReady, send }: { isReady: boolean; send(): void }) {
  return (
    <button type="button" class="primary" disabled={!isReady} onClick={send}>
      {texts.send}
    </button>
  );
}

function ContactSheet({
  context,
  quoted,
  user,
  close,
}: {
  context: BubbleContext;
  quoted: string | undefined;
  user: User;
  close(): void;
}) {
  const isOwn = quoted !== undefined;
  const [contact, setContact] = useState({
    name: isOwn ? user.profileName : '',
    phone: isOwn ? formatNumber(user.number) : '',
  });
  const send = () => {
    const phones = contact.phone === '' ? {} : { phones: [{ phone: contact.phone, type: 'CELL' }] };
    const [first = ''] = contact.name.split(' ');
    const contacts = [{ name: { formatted_name: contact.name, first_name: first }, ...phones }];
    void attempt(() => actions.say(context.address, { type: 'contacts', contacts }, quoted)).then(
      (isDone) => isDone && close(),
    );
  };
  return (
    <Sheet
      title={texts.sheets.contact}
      close={close}
      foot={<SendButton isReady={contact.name.trim() !== ''} send={send} />}
    >
      <Field
        label={texts.sheets.contactName}
        data-autofocus
        value={contact.name}
        onInput={(event) => setContact({ ...contact, name: event.currentTarget.value })}
      />
      <Field
        label={texts.sheets.contactPhone}
        inputMode="tel"
        value={contact.phone}
        onInput={(event) => setContact({ ...contact, phone: event.currentTarget.value })}
      />
    </Sheet>
  );
}

const CALL_SECONDS = 7 * 86_400;

function CallSheet({ message, context, close }: OfMessage) {
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

/** The answer to a form, as JSON: an address, or what a flow would have gathered. */
function FormSheet({ message, context, name, close }: OfMessage & { name: 'flow' | 'address_message' }) {
  const parameters = at(message.payload, 'interactive', 'action', 'parameters');
  const first =
    name === 'flow'
      ? { flow_token: textAt(parameters, 'flow_token') || 'unused' }
      : { saved_address_id: '', values: at(parameters, 'values') ?? { name: context.address.user, city: '' } };
  const [json, setJson] = useState(JSON.stringify(first, null, 2));
  const isRight = isJson(json);
  const send = () => {
    context.answer(
      message,
      reply('nfm_reply', { name, body: 'Sent', response_json: JSON.stringify(JSON.parse(json)) }),
    );
    close();
  };
  return (
    <Sheet
      title={name === 'flow' ? texts.bubble.flowTitle : texts.sheets.address}
      close={close}
      foot={<SendButton isReady={isRight} send={send} />}
    >
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

function FailureSheet({ message, close }: { message: Message; close(): void }) {
  const { code, title, details } = message.failure ?? { code: 0, title: '', details: '' };
  return (
    <Sheet title={texts.sheets.failure} close={close}>
      <div class="failure">
        <span class="failure-code">{code}</span>
        <strong>{title}</strong>
        <p>{details}</p>
        <button type="button" class="secondary" onClick={() => void copyText(`${code} ${title}: ${details}`)}>
          <Icon name="copy" size={16} /> {texts.copy}
        </button>
      </div>
    </Sheet>
  );
}

function EmojiSheet({
  message,
  context,
  close,
}: {
  message: Message | undefined;
  context: BubbleContext;
  close(): void;
}) {
  const choose = (emoji: string) => {
    close();
    if (message !== undefined) void attempt(() => actions.react(context.address, message, emoji));
  };
  return (
    <Sheet title={texts.actions.react} close={close}>
      <EmojiGrid choose={choose} />
      <button type="button" class="secondary wide" onClick={() => choose('')}>
        {texts.actions.unreact}
      </button>
    </Sheet>
  );
}

function EditSheet({
  request,
  context,
  close,
}: {
  request: Extract<SheetRequest, { kind: 'edit' }>;
  context: BubbleContext;
  close(): void;
}) {
  const [body, setBody] = useState(request.text);
  const send = () => {
    const edit = { original_message_id: request.message.id, message: { type: 'text', text: { body } } };
    void attempt(() => actions.say(context.address, { type: 'edit', edit })).then((isDone) => isDone && close());
  };
  return (
    <Sheet title={texts.sheets.edit} close={close} foot={<SendButton isReady={body.trim() !== ''} send={send} />}>
      <textarea
        class="code-area"
        data-autofocus
        rows={4}
        aria-label={texts.sheets.edit}
        value={body}
        onInput={(event) => setBody(event.currentTarget.value)}
      />
    </Sheet>
  );
}
