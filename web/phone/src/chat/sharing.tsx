// The sheets that share something: a place, a contact.
import { useState } from 'preact/hooks';
import * as actions from '../api/actions.js';
import type { BubbleContext } from '../bubbles/context.js';
import { MapTile } from '../bubbles/places.js';
import { Field, SendButton, Sheet } from '../parts/parts.js';
import { formatNumber } from '../pure/numbers.js';
import type { User } from '../state/model.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';

/** A place by its coordinates, drawn while they are typed. */
export function PlaceSheet({
  context,
  quoted,
  close,
}: {
  context: BubbleContext;
  quoted: string | undefined;
  close(): void;
}) {
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

/** Somebody's name and number; the user's own where a message asked for it. */
export function ContactSheet({
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
