// The sheets that slide over a chat: which is shown, and the small ones: why a message failed, emoji, editing.
import { useState } from 'preact/hooks';
import * as actions from '../api/actions.js';
import type { BubbleContext, SheetRequest } from '../bubbles/context.js';
import { copyText } from '../parts/hooks.js';
import { Icon } from '../parts/icons.js';
import { SendButton, Sheet } from '../parts/parts.js';
import type { Message, User } from '../state/model.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { AddressSheet } from './address.js';
import { CallSheet, FormSheet, ListSheet } from './answering.js';
import { EmojiGrid } from './emoji.js';
import { ContactSheet, PlaceSheet } from './sharing.js';
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
      return <AddressSheet message={request.message} context={context} close={close} />;
    case 'flow':
      return <FormSheet message={request.message} context={context} close={close} />;
    case 'failure':
      return <FailureSheet message={request.message} close={close} />;
    case 'edit':
      return <EditSheet request={request} context={context} close={close} />;
    default:
      return <EmojiSheet message={request.message} context={context} close={close} />;
  }
}

function FailureSheet({ message, close }: { message: Message; close(): void }) {
  const { code, title, details } = message.failure ?? { code: 0, title: '', details: '' };
  return (
    <Sheet title={texts.sheets.failure} close={close}>
      <div class="failure">
        <span class="failure-code">{code}</span>
        <strong>{title}</strong>
        {details === '' || details === title ? null : <p>{details}</p>}
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
