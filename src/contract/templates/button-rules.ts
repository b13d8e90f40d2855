// What buttons a template may have: how many of each kind, in what order, and what each must say (Infobip 9, Meta 4.3).
import { addViolation, type Violations } from '../readers.js';
import { parseUrl } from '../url.js';
import { checkNumbering, countPlaceholders } from './placeholders.js';
import type { AuthenticationStructure, Button } from './structure.js';

/** How many of a kind there may be; of kinds that are not named, one. */
const MOST: Partial<Record<Button['type'], number>> = { URL: 2, QUICK_REPLY: 10 };
/** Kinds that suffer no other button beside them. */
const ALONE: ReadonlySet<string> = new Set(['CATALOG', 'MULTI_PRODUCT', 'ORDER_DETAILS', 'REQUEST_CONTACT_INFO']);
const ABSOLUTE_URL = /^https?:\/\/[^\s/]\S*$/i;
const PHONE = /^\+?[0-9]{5,19}$/;

/** A phone number without what people put between its digits: Meta takes digits, with or without a plus (Meta 4.3). */
export function plainPhone(phoneNumber: string): string {
  return phoneNumber.replace(/[\s()-]/g, '');
}

/** Adds everything that is wrong with a list of buttons standing at `path`. */
export function checkButtons(buttons: readonly Button[], path: string, violations: Violations): void {
  const counts = new Map<Button['type'], number>();
  for (const [i, button] of buttons.entries()) {
    const count = (counts.get(button.type) ?? 0) + 1;
    counts.set(button.type, count);
    const most = MOST[button.type] ?? 1;
    if (count === most + 1) addViolation(violations, path, `must have at most ${most} of type ${button.type}`);
    checkButton(button, `${path}[${i}]`, violations);
  }
  for (const { type } of buttons)
    if (ALONE.has(type) && buttons.length > 1)
      addViolation(violations, path, `must have nothing beside a button of type ${type}`);
  if (!isGrouped(buttons))
    addViolation(violations, path, 'must have the QUICK_REPLY buttons together, before or after the others');
}

/** Whether quick replies and others change places at most once. */
function isGrouped(buttons: readonly Button[]): boolean {
  const changes = buttons.filter(
    ({ type }, i) => i > 0 && (type === 'QUICK_REPLY') !== (buttons[i - 1]?.type === 'QUICK_REPLY'),
  );
  return changes.length <= 1;
}

/** Adds what is wrong with the texts of the button of an authentication template; the list stands at `path`. */
export function checkOtpButtons(
  buttons: AuthenticationStructure['buttons'],
  path: string,
  violations: Violations,
): void {
  for (const [i, button] of buttons.entries()) {
    checkLabel(button.text ?? '', `${path}[${i}].text`, violations);
    if ('autofillText' in button) checkLabel(button.autofillText ?? '', `${path}[${i}].autofillText`, violations);
  }
}

/** What a button says is the same for everybody and stands on one line (Meta 4.3). */
function checkLabel(text: string, path: string, violations: Violations): void {
  checkNumbering(text, path, violations, 0);
  if (/[\r\n]/.test(text)) addViolation(violations, path, 'must not have a line break');
}

function checkButton(button: Button, path: string, violations: Violations): void {
  if ('text' in button) checkLabel(button.text, `${path}.text`, violations);
  switch (button.type) {
    case 'URL':
      checkUrl(button, path, violations);
      return;
    case 'PHONE_NUMBER':
      if (!PHONE.test(plainPhone(button.phoneNumber)))
        addViolation(violations, `${path}.phoneNumber`, 'must be a phone number');
      return;
    case 'COPY_CODE':
      if (button.example === undefined) addViolation(violations, `${path}.example`, 'must not be blank');
      return;
    case 'FLOW':
      if (button.flowAction === 'NAVIGATE' && button.navigateScreen === undefined)
        addViolation(violations, `${path}.navigateScreen`, 'must be given when flowAction is NAVIGATE');
      if (button.flowAction === 'DATA_EXCHANGE' && button.navigateScreen !== undefined)
        addViolation(violations, `${path}.navigateScreen`, 'must be absent when flowAction is DATA_EXCHANGE');
      return;
    default:
      return;
  }
}

function checkUrl({ url, example }: Extract<Button, { type: 'URL' }>, path: string, violations: Violations): void {
  checkNumbering(url, `${path}.url`, violations, 1);
  if (!ABSOLUTE_URL.test(url) || parseUrl(url.replace('{{1}}', '1')) === undefined)
    addViolation(violations, `${path}.url`, 'is not a valid url');
  if (countPlaceholders(url) === 0) return;
  if (!url.endsWith('{{1}}')) addViolation(violations, `${path}.url`, 'must have its placeholder at the end');
  if (/^https?:\/\/[^/]*\{\{/i.test(url))
    addViolation(violations, `${path}.url`, 'must not have its placeholder in the host');
  if (example === undefined) addViolation(violations, `${path}.example`, 'must have an example of the placeholder');
}
