// A rule of both types that have sections (Infobip 2.2).
import { addViolation, type Violations } from '../readers.js';

/** With more than one section each needs a title. */
export function checkSectionTitles(sections: readonly { title?: string }[], violations: Violations): void {
  if (sections.length < 2) return;
  for (const [i, { title }] of sections.entries()) {
    if (title !== undefined) continue;
    addViolation(
      violations,
      `content.action.sections[${i}].title`,
      'must not be blank when there is more than one section',
    );
  }
}
