// One phone: its status bar, and the chat list or a chat.

import { Chat } from '../chat/chat.js';
import { useNow } from '../parts/hooks.js';
import { IconButton } from '../parts/parts.js';
import { clockTime } from '../pure/times.js';
import { isSmsThread, smsSender, type User } from '../state/model.js';
import { type PhoneState, page, removePhone } from '../state/phones.js';
import { sandbox } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { texts } from '../texts.js';
import { ChatList } from './chat-list.js';

/** A user that the sandbox has no record of yet. */
function unknownUser(number: string): User {
  return {
    number,
    profileName: `User ${number.slice(-4)}`,
    exists: true,
    online: true,
    readReceipts: true,
    blocked: false,
    numberHidden: false,
  };
}

/** The phone; `isAlone` when there is no other beside it. */
export function Phone({ phone, isAlone }: { phone: PhoneState; isAlone: boolean }) {
  const user = useStore(sandbox, (state) => state.users.get(phone.user)) ?? unknownUser(phone.user);
  const known = useStore(sandbox, (state) => state.businesses.find((each) => each.phoneNumberId === phone.chat));
  const business = phone.chat !== null && isSmsThread(phone.chat) ? smsSender(phone.chat) : known;
  const isActive = useStore(page, (state) => state.active === phone.id);
  const label = `${user.profileName}, ${user.number}`;
  return (
    <div class="phone-column">
      <section
        class={`phone${isActive && !isAlone ? ' phone-active' : ''}${user.online ? '' : ' phone-offline'}`}
        aria-label={label}
        onFocusCapture={() => activate(phone.id)}
        onPointerDown={() => activate(phone.id)}
      >
        <StatusBar user={user} />
        <div class="phone-screen">
          {business === undefined ? (
            <ChatList phone={phone} user={user} />
          ) : (
            <Chat key={`${phone.user}:${business.phoneNumberId}`} phone={phone} business={business} user={user} />
          )}
        </div>
      </section>
      {isAlone ? null : (
        <IconButton
          icon="close"
          size={16}
          class="phone-remove"
          label={texts.removePhone}
          onClick={() => removePhone(phone.id)}
        />
      )}
    </div>
  );
}

function activate(id: number): void {
  if (page.get().active !== id) page.set({ active: id });
}

/** The sandbox's time, and whether the phone is online. */
function StatusBar({ user }: { user: User }) {
  const now = useNow(5000);
  return (
    <div class="status-bar" aria-hidden="true">
      <span>{clockTime(now)}</span>
      <i class="speaker" />
      <svg aria-hidden="true" width="44" height="12" viewBox="0 0 44 12">
        <g class={user.online ? '' : 'faint'}>
          <rect x="0" y="8" width="3" height="4" rx="1" />
          <rect x="5" y="5" width="3" height="7" rx="1" />
          <rect x="10" y="2" width="3" height="10" rx="1" />
        </g>
        <rect class="battery" x="20.5" y="1.5" width="19" height="9" rx="2.5" />
        <rect x="22.5" y="3.5" width="13" height="5" rx="1" />
        <rect x="41" y="4" width="2" height="4" rx="1" />
      </svg>
    </div>
  );
}
