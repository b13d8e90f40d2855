// What the buttons of a template must be: keys, texts, counts, order (Meta 4.3).
import type { Refusal } from '../graph/errors.js';
import { BUTTON_KEYS, type Button } from './component.js';
import { placeholdersIn } from './placeholders.js';
import { refuseParameter, tooLong } from './refusals.js';

const BUTTONS_MAX = 10;
const TEXT_CHARACTERS_MAX = 25;
const CODE_CHARACTERS_MAX = 20;

/** Most buttons of a kind; ten of the others. */
const COUNT_MAX: Readonly<Partial<Record<Button['type'], number>>> = {
  URL: 2,
  PHONE_NUMBER: 1,
  COPY_CODE: 1,
  CATALOG: 1,
  MPM: 1,
  SPM: 1,
  FLOW: 1,
  VOICE_CALL: 1,
  ORDER_DETAILS: 1,
  OTP: 1,
};

/** Kinds that no other button may stand beside. */
const ALONE: ReadonlySet<Button['type']> = new Set(['OTP', 'ORDER_DETAILS', 'CATALOG', 'MPM', 'SPM']);

/** Labels that cannot be chosen. */
const LABELS: Readonly<Partial<Record<Button['type'], string>>> = {
  CATALOG: 'View catalog',
  MPM: 'View items',
  SPM: 'View',
};

/** Refuses buttons that are wrong by themselves or beside each other. */
export function checkButtons(buttons: readonly Button[], max = BUTTONS_MAX): Refusal | null {
  if (buttons.length > max) return refuseParameter(`There are ${buttons.length} buttons, at most ${max} are allowed.`);
  for (const button of buttons) {
    const refusal = checkButton(button);
    if (refusal !== null) return refusal;
  }
  return checkTogether(buttons);
}

function checkButton(button: Button): Refusal | null {
  const { needs, mayHave } = BUTTON_KEYS[button.type];
  const missing = needs.find((key) => button[key] === undefined);
  if (missing !== undefined) return refuseParameter(`A button of type ${button.type} needs ${missing}.`);
  const allowed: readonly string[] = ['type', ...needs, ...mayHave];
  const extra = Object.keys(button).find((key) => !allowed.includes(key));
  if (extra !== undefined) return refuseParameter(`A button of type ${button.type} has no ${extra}.`);
  if ((button.text?.length ?? 0) > TEXT_CHARACTERS_MAX) return tooLong('text of a button', TEXT_CHARACTERS_MAX);
  if (/\{\{|[\n\r]/.test(button.text ?? ''))
    return refuseParameter('The text of a button has no parameters and no line breaks.');
  const label = LABELS[button.type];
  if (label !== undefined && button.text !== label)
    return refuseParameter(`The text of a button of type ${button.type} must be "${label}".`);
  return checkContent(button);
}

function checkContent(button: Button): Refusal | null {
  if (button.type === 'URL') return checkUrl(button);
  if (button.type === 'OTP') return checkOtp(button);
  if (button.type === 'COPY_CODE') {
    const [code = ''] = [button.example ?? ''].flat();
    return code.length > CODE_CHARACTERS_MAX ? tooLong('code of a button', CODE_CHARACTERS_MAX) : null;
  }
  if (button.type !== 'FLOW') return null;
  const named = [button.flow_id, button.flow_name, button.flow_json].filter((each) => each !== undefined);
  if (named.length !== 1) return refuseParameter('A flow button needs one of flow_id, flow_name and flow_json.');
  return button.flow_action === 'data_exchange' && button.navigate_screen !== undefined
    ? refuseParameter('navigate_screen is only allowed with flow_action navigate.')
    : null;
}

function checkUrl({ url = '', example }: Button): Refusal | null {
  const names = placeholdersIn(url);
  if (!/^https?:\/\/[^\s]+$/i.test(url)) return refuseParameter('The URL of a button must be an http or https URL.');
  if (names.length === 0)
    return example === undefined ? null : refuseParameter('A URL without a parameter has no example.');
  if (names.length > 1 || names[0] !== '1' || !/\{\{\s*1\s*\}\}$/.test(url))
    return refuseParameter('The URL of a button may have one parameter, {{1}}, at its end.');
  return [example ?? []].flat().length === 1 ? null : refuseParameter('A URL with a parameter needs one example.');
}

function checkOtp({ otp_type: kind, supported_apps: apps, autofill_text, zero_tap_terms_accepted }: Button) {
  if (kind === 'COPY_CODE') {
    const extra = apps ?? autofill_text ?? zero_tap_terms_accepted;
    return extra === undefined ? null : refuseParameter('A copy code button names no apps.');
  }
  if (apps === undefined) return refuseParameter(`An OTP button of type ${kind} needs supported_apps.`);
  return kind === 'ZERO_TAP' && zero_tap_terms_accepted !== true
    ? refuseParameter('Zero tap needs zero_tap_terms_accepted.')
    : null;
}

function checkTogether(buttons: readonly Button[]): Refusal | null {
  const counts = new Map<Button['type'], number>();
  for (const { type } of buttons) counts.set(type, (counts.get(type) ?? 0) + 1);
  for (const [type, count] of counts) {
    const max = COUNT_MAX[type] ?? BUTTONS_MAX;
    if (count > max) return refuseParameter(`There are ${count} buttons of type ${type}, at most ${max} are allowed.`);
    if (ALONE.has(type) && buttons.length > 1)
      return refuseParameter(`A button of type ${type} cannot stand beside others.`);
  }
  const kinds = buttons.map(({ type }) => (type === 'QUICK_REPLY' ? 'q' : 'c')).join('');
  return /^(q*c*|c*q*)$/.test(kinds)
    ? null
    : refuseParameter('Quick replies must stand together, not between other buttons.');
}
