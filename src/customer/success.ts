// Whether an answer counts as success: any 2xx (Infobip 4), or what a profile's own regular expressions say (Infobip 5).
import { createContext, Script } from 'node:vm';
import type { DeliveryProfile } from '../contract/delivery-profile.js';

/** Judges answers. */
export type SuccessTest = (profile: DeliveryProfile | undefined, status: number, body: string) => boolean;

/** A customer's expression may need exponential time: after this it is stopped, and never run again. */
const TIME_MAX_MS = 25;
const EXPRESSIONS_MAX = 1_000;

/** Creates the test. */
export function createSuccessTest(): SuccessTest {
  const matches = createMatcher();
  return (profile, status, body) => {
    const { responseRegex, responseBodyRegex } = profile ?? {};
    const isStatus =
      responseRegex === undefined ? status >= 200 && status < 300 : matches(`^(?:${responseRegex})$`, String(status));
    return isStatus && (responseBodyRegex === undefined || matches(responseBodyRegex, body));
  };
}

/** Matches in bounded time; what is no expression, or takes too long, matches nothing. */
function createMatcher(): (source: string, text: string) => boolean {
  const expressions = new Map<string, RegExp | undefined>();
  const run = new Script('expression.test(text)');
  const context = createContext({ expression: /^/, text: '' });
  function compile(source: string): RegExp | undefined {
    if (expressions.has(source)) return expressions.get(source);
    if (expressions.size >= EXPRESSIONS_MAX) expressions.clear();
    const expression = toExpression(source);
    expressions.set(source, expression);
    return expression;
  }
  return (source, text) => {
    const expression = compile(source);
    if (expression === undefined) return false;
    context.expression = expression;
    context.text = text;
    try {
      return run.runInContext(context, { timeout: TIME_MAX_MS }) === true;
    } catch {
      expressions.set(source, undefined);
      return false;
    }
  };
}

function toExpression(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 's');
  } catch {
    return undefined;
  }
}
