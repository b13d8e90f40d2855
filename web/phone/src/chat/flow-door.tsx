// Opens a flow over the chat. What runs it is loaded when the first one is opened.
import { useEffect, useState } from 'preact/hooks';
import type { BubbleContext, SheetRequest } from '../bubbles/context.js';
import type { Opening } from '../flow-view/source.js';
import type { User } from '../state/model.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { ChatSheet } from './sheets.js';

interface Props {
  request: Extract<SheetRequest, { kind: 'flow' }>;
  context: BubbleContext;
  user: User;
  close(): void;
}

/** The flow, with the code that runs it; no opening for a flow that the sandbox does not know. */
interface Loaded {
  view: typeof import('../flow-view/flow-screen.js');
  source: typeof import('../flow-view/source.js');
  opening: Opening | undefined;
}

/** The flow that a message opens; answered with JSON by hand when the sandbox does not know it. */
export function FlowDoor({ request, context, user, close }: Props) {
  const { message, button, card } = request;
  const [loaded, setLoaded] = useState<Loaded>();
  useEffect(() => {
    const sent = { user: user.number, wamid: message.id, button, card };
    const load = async () => {
      const source = await import('../flow-view/source.js');
      const [view, opening] = await Promise.all([import('../flow-view/flow-screen.js'), source.openSent(sent)]);
      setLoaded({ view, source, opening });
    };
    void attempt(load).then((isDone) => !isDone && close());
  }, [message.id, button, card, user.number]);
  if (loaded === undefined) return null;
  const { view, source, opening } = loaded;
  if (opening === undefined) return <ChatSheet request={request} context={context} user={user} close={close} />;
  return (
    <view.FlowScreen
      opening={opening}
      source={source.sourceOf({ user: user.number, wamid: message.id, button, card })}
      businessName={context.businessName}
      note={opening.isDraft ? texts.flow.draft : ''}
      close={close}
      finish={close}
    />
  );
}
