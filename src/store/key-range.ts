// What a key that is bound to applications may see of what lies around subscriptions: what serves none outside its range.
import { type KeyPlatform, rangeOf } from '../contract/key-platform.js';

/** The range of a key as the two parameters of `within_platforms`; both empty: everything. */
export function rangeValues(platform: readonly KeyPlatform[]): [applications: string[], entities: string[]] {
  const range = rangeOf(platform);
  return [range.map(({ applicationId }) => applicationId), range.map(({ entityId }) => entityId ?? '')];
}

/**
 * The condition that no subscription outside the range in parameters `first` and the next uses a row. `link` says which profile uses it:
 * `h.id = p.id`.
 */
export function seenBy(link: string, first: number): string {
  return `($${first}::text[] = '{}' OR NOT EXISTS (SELECT FROM profiles h JOIN subscriptions u ON u.profile = h.id
    WHERE ${link} AND NOT within_platforms(u.criteria, $${first}, $${first + 1})))`;
}
