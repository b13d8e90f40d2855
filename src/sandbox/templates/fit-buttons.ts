// Whether what is sent for a button fits it, and what the button then is (Meta 1.6).
import type { Parameter, SentComponent } from '../graph/messages/template.js';
import type { Button } from './component.js';
import { fillIn, placeholdersIn } from './placeholders.js';
import { otpOf } from './preset.js';
import type { RenderedButton } from './rendered.js';
import { Unfit } from './unfit.js';

const COPY_LABEL = 'Copy offer code';
const ORDER_LABEL = 'Buy now';
const CONTACT_LABEL = 'Share contact info';

/** Kinds that take one parameter and its type; whether it may be left out. */
const PARAMETERS: Readonly<
  Partial<Record<Button['type'], { types: readonly Parameter['type'][]; isOptional: boolean }>>
> = {
  QUICK_REPLY: { types: ['payload'], isOptional: true },
  URL: { types: ['text'], isOptional: false },
  COPY_CODE: { types: ['coupon_code'], isOptional: false },
  CATALOG: { types: ['action'], isOptional: true },
  MPM: { types: ['action'], isOptional: false },
  FLOW: { types: ['action'], isOptional: true },
  VOICE_CALL: { types: ['ttl_minutes', 'payload'], isOptional: true },
  ORDER_DETAILS: { types: ['action'], isOptional: false },
};

/** The button as it is shown. Throws Unfit when what was sent is not for it. */
export function fitButton(button: Button, index: number, sent: SentComponent | undefined): RenderedButton {
  const kind = button.type.toLowerCase();
  if (sent !== undefined && sent.sub_type?.toLowerCase() !== kind) {
    throw new Unfit({
      code: 132012,
      details: `buttons: Format mismatch at index ${index}, expected ${button.type}, received ${sent.sub_type?.toUpperCase()}`,
    });
  }
  const parameters = sent?.parameters ?? [];
  checkParameters(button, index, parameters);
  return rendered(button, parameters);
}

function checkParameters(button: Button, index: number, parameters: readonly Parameter[]): void {
  const isFixedUrl = button.type === 'URL' && placeholdersIn(button.url ?? '').length === 0;
  const wanted = isFixedUrl ? undefined : PARAMETERS[button.type];
  if (parameters.length === 0) {
    if (wanted === undefined || wanted.isOptional) return;
    throw new Unfit({
      code: 131008,
      details: `buttons: Button at index ${index} of type ${named(button)} requires a parameter`,
    });
  }
  if (wanted === undefined || parameters.length > wanted.types.length) {
    throw new Unfit({
      code: 132000,
      details: `buttons: Button at index ${index}: number of params (${parameters.length}) does not match the expected number of params (${wanted?.types.length ?? 0})`,
    });
  }
  const other = parameters.find(({ type }) => !wanted.types.includes(type));
  if (other !== undefined) {
    throw new Unfit({
      code: 132012,
      details: `buttons: Format mismatch at index ${index}, expected ${wanted.types.join(' or ')}, received ${other.type}`,
    });
  }
  if (button.type === 'MPM' && parameters[0]?.action?.sections === undefined)
    throw new Unfit({ code: 131008, details: `buttons: Button at index ${index} of type Mpm requires sections` });
  if (button.type === 'URL' && parameters[0]?.text === '')
    throw new Unfit({ code: 131008, details: `buttons: Button at index ${index} of type Url requires a parameter` });
}

/** `URL` as Meta's texts write it: `Url`. */
function named({ type }: Button): string {
  return type
    .split('_')
    .map((word) => word.slice(0, 1) + word.slice(1).toLowerCase())
    .join('');
}

function rendered(button: Button, parameters: readonly Parameter[]): RenderedButton {
  const { text = '', phone_number = '' } = button;
  const [first] = parameters;
  const action = first?.action === undefined ? {} : { action: { ...first.action } };
  switch (button.type) {
    case 'QUICK_REPLY':
      return { type: 'quick_reply', text, payload: first?.payload ?? text };
    case 'URL':
      return urlOf(button, first?.text ?? '');
    case 'PHONE_NUMBER':
      return { type: 'phone_number', text, phone_number };
    case 'COPY_CODE':
      return { type: 'copy_code', text: text === '' ? COPY_LABEL : text, code: first?.coupon_code ?? '' };
    case 'CATALOG':
      return { type: 'catalog', text, ...action };
    case 'MPM':
      return { type: 'mpm', text, ...action };
    case 'SPM':
      return { type: 'spm', text };
    case 'FLOW':
      return { type: 'flow', text, action: { ...flowOf(button), ...first?.action } };
    case 'VOICE_CALL':
      return { type: 'voice_call', text, ...payloadOf(parameters) };
    case 'ORDER_DETAILS':
      return { type: 'order_details', text: text === '' ? ORDER_LABEL : text, ...action };
    case 'OTP':
      return { type: 'otp', text };
    case 'REQUEST_CONTACT_INFO':
      return { type: 'request_contact_info', text: text === '' ? CONTACT_LABEL : text };
  }
}

function urlOf(button: Button, value: string): RenderedButton {
  const otp = otpOf(button);
  if (otp !== undefined) return { type: 'otp', ...otp, code: value };
  return { type: 'url', text: button.text ?? '', url: fillIn(button.url ?? '', new Map([['1', value]])) };
}

function flowOf({ flow_id, flow_name, flow_action, navigate_screen }: Button): Record<string, unknown> {
  return {
    ...(flow_id === undefined ? {} : { flow_id: String(flow_id) }),
    ...(flow_name === undefined ? {} : { flow_name }),
    flow_action: flow_action ?? 'navigate',
    ...(navigate_screen === undefined ? {} : { navigate_screen }),
  };
}

function payloadOf(parameters: readonly Parameter[]): { payload?: string } {
  const payload = parameters.find(({ type }) => type === 'payload')?.payload;
  return payload === undefined ? {} : { payload };
}
