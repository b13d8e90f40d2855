// The form of an address message: a saved address, or the fields that India's addresses have (Meta 1.5).
import { useState } from 'preact/hooks';
import type { BubbleContext } from '../bubbles/context.js';
import { reply } from '../bubbles/interactive.js';
import { Field, SendButton, Sheet } from '../parts/parts.js';
import { at, listAt, textAt } from '../pure/json.js';
import type { Message } from '../state/model.js';
import { texts } from '../texts.js';

type Name = keyof typeof texts.address;

/** In the order in which they are asked for. */
const NAMES: readonly Name[] = [
  'name',
  'phone_number',
  'in_pin_code',
  'house_number',
  'floor_number',
  'tower_number',
  'building_name',
  'address',
  'landmark_area',
  'city',
  'state',
];
const PIN_CODE = /^([1-9]\d{5})?$/;

interface Props {
  message: Message;
  context: BubbleContext;
  close(): void;
}

/** Asks for an address, with what the business knows of it already; what the business found wrong stands at its field. */
export function AddressSheet({ message, context, close }: Props) {
  const parameters = at(message.payload, 'interactive', 'action', 'parameters');
  const saved = listAt(parameters, 'saved_addresses');
  const [savedId, setSavedId] = useState(textAt(saved[0], 'id'));
  const [values, setValues] = useState<Readonly<Partial<Record<Name, string>>>>(() =>
    Object.fromEntries(NAMES.map((name) => [name, textAt(parameters, 'values', name)])),
  );
  const [changed, setChanged] = useState<ReadonlySet<Name>>(new Set());
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
  const isReady = savedId !== '' || (Object.keys(given).length > 0 && PIN_CODE.test(values.in_pin_code ?? ''));
  const send = () => {
    const chosen = saved.find((each) => textAt(each, 'id') === savedId);
    const content =
      chosen === undefined ? { values: given } : { saved_address_id: savedId, values: at(chosen, 'value') };
    const response = { name: 'address_message', body: 'Sent', response_json: JSON.stringify(content) };
    context.answer(message, reply('nfm_reply', response));
    close();
  };
  return (
    <Sheet title={texts.sheets.address} close={close} foot={<SendButton isReady={isReady} send={send} />}>
      {saved.length === 0 ? null : <Saved saved={saved} chosen={savedId} choose={setSavedId} />}
      {savedId !== ''
        ? null
        : NAMES.map((name) => (
            <Field
              key={name}
              label={texts.address[name]}
              wrong={changed.has(name) ? '' : textAt(parameters, 'validation_errors', name)}
              inputMode={name === 'in_pin_code' ? 'numeric' : name === 'phone_number' ? 'tel' : 'text'}
              value={values[name] ?? ''}
              onInput={(event) => {
                setValues({ ...values, [name]: event.currentTarget.value });
                setChanged(new Set([...changed, name]));
              }}
            />
          ))}
    </Sheet>
  );
}

interface SavedProps {
  saved: readonly unknown[];
  chosen: string;
  choose(id: string): void;
}

function Saved({ saved, chosen, choose }: SavedProps) {
  const options = [...saved.map((each) => [textAt(each, 'id'), lineOf(at(each, 'value'))] as const)];
  return (
    <fieldset class="list-section">
      <legend>{texts.sheets.saved}</legend>
      {[...options, ['', texts.sheets.otherAddress] as const].map(([id, text]) => (
        <label class="list-row" key={id}>
          <span>
            <strong>{text}</strong>
          </span>
          <input type="radio" name="address" checked={chosen === id} onChange={() => choose(id)} />
        </label>
      ))}
    </fieldset>
  );
}

function lineOf(value: unknown): string {
  return NAMES.map((name) => textAt(value, name))
    .filter((text) => text !== '')
    .join(', ');
}
