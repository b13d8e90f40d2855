// What Meta itself writes into a template: the texts of an AUTHENTICATION template, and its button as it is read back (Meta 4.3).
import type { Button, Component } from './component.js';
import { OTP_KINDS, type OtpKind } from './rendered.js';

const CODE_TEXT = '*{{1}}* is your verification code.';
const SECURITY_TEXT = ' For your security, do not share this code.';
const COPY_LABEL = 'Copy code';
const AUTOFILL_LABEL = 'Autofill';
const OTP_URL = 'https://www.whatsapp.com/otp/code/';

/** The components with every preset text in place; those of other categories as they are. */
export function withPresets(components: readonly Component[], category: string): Component[] {
  return category === 'AUTHENTICATION' ? components.map(presetOf) : [...components];
}

function presetOf(component: Component): Component {
  if (component.type === 'BODY') {
    const text = component.add_security_recommendation === true ? CODE_TEXT + SECURITY_TEXT : CODE_TEXT;
    return { ...component, text, example: { body_text: [['123456']] } };
  }
  if (component.type === 'FOOTER') {
    return { ...component, text: `This code expires in ${component.code_expiration_minutes} minutes.` };
  }
  return { ...component, buttons: (component.buttons ?? []).map(otpButton) };
}

/** An OTP button is a URL button from then on, with an address of Meta's. */
function otpButton(button: Button): Button {
  const { otp_type: kind = 'COPY_CODE', text, autofill_text: autofill = AUTOFILL_LABEL } = button;
  const query = new URLSearchParams({ otp_type: kind });
  const app = button.supported_apps?.[0];
  if (app !== undefined) {
    query.set('cta_display_name', autofill);
    query.set('package_name', app.package_name);
    query.set('signature_hash', app.signature_hash);
  }
  return {
    type: 'URL',
    text: text ?? (kind === 'COPY_CODE' ? COPY_LABEL : autofill),
    url: `${OTP_URL}?${query}&code=otp{{1}}`,
    example: [`${OTP_URL}?otp_type=COPY_CODE&code=otp123456`],
  };
}

/** How a button that was made here hands over its code, and what it says; undefined for every other URL. */
export function otpOf({ url = '', text = '' }: Button): { otp: OtpKind; text: string } | undefined {
  if (!url.startsWith(`${OTP_URL}?`)) return undefined;
  const query = new URL(url).searchParams;
  const otp = OTP_KINDS.find((kind) => kind === query.get('otp_type')?.toLowerCase()) ?? 'copy_code';
  return { otp, text: otp === 'one_tap' ? (query.get('cta_display_name') ?? text) : text };
}
