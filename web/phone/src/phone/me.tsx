// Who this phone is: switching to somebody else, and what this user is like.
import { useState } from 'preact/hooks';
import * as actions from '../api/actions.js';
import { Avatar, Choice, Field, Sheet, Switch } from '../parts/parts.js';
import { formatNumber } from '../pure/numbers.js';
import type { User } from '../state/model.js';
import { changePhone, type PhoneState, page } from '../state/phones.js';
import { sandbox } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';

const NUMBER = /^[1-9]\d{4,14}$/;
const SHOWN_MAX = 8;

/** The sheet about the user of a phone. */
export function Me({ phone, user, close }: { phone: PhoneState; user: User; close(): void }) {
  const change = (patch: Partial<User>) => void attempt(() => actions.changeUser(user.number, patch));
  return (
    <Sheet title={texts.me.title} close={close}>
      <div class="me-card">
        <Avatar name={user.profileName} seed={user.number} size={56} />
        <span>
          <strong>{user.profileName}</strong>
          <small>{formatNumber(user.number)}</small>
        </span>
      </div>
      <Others phone={phone} user={user} close={close} />
      <NameForm user={user} />
      <Switch
        label={texts.me.online}
        hint={texts.me.onlineHint}
        on={user.online}
        change={(online) => change({ online })}
      />
      <Receipts user={user} />
      <Switch
        label={texts.me.hidden}
        hint={texts.me.hiddenHint}
        on={user.numberHidden}
        change={(numberHidden) => change({ numberHidden })}
      />
      <Switch
        label={texts.me.blocked}
        hint={texts.me.blockedHint}
        on={user.blocked}
        change={(blocked) => change({ blocked })}
      />
      <Switch
        label={texts.me.exists}
        hint={texts.me.existsHint}
        on={user.exists}
        change={(exists) => change({ exists })}
      />
      <NumberForm
        label={texts.me.change}
        hint={texts.me.changeHint}
        button={texts.me.change}
        use={(number) => {
          void attempt(() => actions.changeNumber(user.number, number)).then((isDone) => {
            if (isDone) changePhone(phone.id, { user: number, chat: null });
          });
        }}
      />
    </Sheet>
  );
}

function Others({ phone, user, close }: { phone: PhoneState; user: User; close(): void }) {
  const users = useStore(sandbox, (state) => state.users);
  const others = [...users.values()].filter((each) => each.number !== user.number && each.exists).slice(-SHOWN_MAX);
  const become = (number: string) => {
    changePhone(phone.id, { user: number, chat: null });
    close();
  };
  return (
    <>
      {others.length === 0 ? null : (
        <div class="others">
          <h3>{texts.me.others}</h3>
          <ul>
            {others.map((each) => (
              <li key={each.number}>
                <button type="button" onClick={() => become(each.number)}>
                  <Avatar name={each.profileName} seed={each.number} size={32} />
                  <span>
                    <strong>{each.profileName}</strong>
                    <small>{formatNumber(each.number)}</small>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
      <NumberForm label={texts.me.other} button={texts.me.use} use={become} />
    </>
  );
}

/** Asks for a phone number. */
function NumberForm({
  label,
  hint,
  button,
  use,
}: {
  label: string;
  hint?: string;
  button: string;
  use(number: string): void;
}) {
  const [text, setText] = useState('');
  const digits = text.replace(/[\s()+-]/g, '');
  const isWrong = text !== '' && !NUMBER.test(digits);
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!NUMBER.test(digits)) return;
        setText('');
        use(digits);
      }}
    >
      <Field
        label={label}
        inputMode="tel"
        placeholder="441134960002"
        value={text}
        aria-invalid={isWrong}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="secondary" disabled={text === '' || isWrong}>
        {button}
      </button>
      {isWrong ? <small role="alert">{texts.me.badNumber}</small> : hint === undefined ? null : <small>{hint}</small>}
    </form>
  );
}

function NameForm({ user }: { user: User }) {
  const [name, setName] = useState(user.profileName);
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        void attempt(() => actions.changeUser(user.number, { profileName: name.trim() }));
      }}
    >
      <Field
        label={texts.me.name}
        value={name}
        maxLength={100}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" class="secondary" disabled={name.trim() === '' || name === user.profileName}>
        {texts.me.save}
      </button>
    </form>
  );
}

/** On and off are the server's; manual is off there for what is not asked for, and this page reads by a button. */
function Receipts({ user }: { user: User }) {
  const manualReaders = useStore(page, (state) => state.manualReaders);
  const isManual = manualReaders.includes(user.number);
  const value = user.readReceipts ? 'on' : isManual ? 'manual' : 'off';
  const change = (next: 'on' | 'off' | 'manual') => {
    const others = manualReaders.filter((number) => number !== user.number);
    page.set({ manualReaders: next === 'manual' ? [...others, user.number] : others });
    void attempt(() => actions.changeUser(user.number, { readReceipts: next === 'on' }));
  };
  return (
    <Choice
      label={texts.me.receipts}
      value={value}
      options={[
        ['on', texts.me.receiptsOn],
        ['off', texts.me.receiptsOff],
        ['manual', texts.me.receiptsManual],
      ]}
      change={change}
    />
  );
}
