// Whether a message fits the template it names, asked for each of thousands in a request: what is known of templates is remembered until
// the database says that something changed. Nobody is refused by what is remembered: before that the row itself is looked at.
import { ErrorId } from '../contract/errors.js';
import type { TemplateContent } from '../contract/messages/template.js';
import { fitTemplate, shapeOf, type TemplateShape } from '../contract/templates/shape.js';
import { shortLinksOf } from '../contract/templates/short-urls.js';
import { readExtras } from '../contract/templates/show.js';
import { isSendable } from '../contract/templates/words.js';
import type { Clock } from '../lib/clock.js';
import type { Database } from '../store/database.js';
import type { DirectorySender } from '../store/directory.js';
import type { Shelf } from '../store/templates.js';
import { findTemplateToSend, readTemplateVersion } from '../store/templates-to-send.js';
import type { TemplateSync } from './template-sync.js';

/** How content fits: the places of its buttons, why it is refused, or that nobody can tell, so that Meta is asked by sending it. */
export type Fitting =
  | { kind: 'fits'; places: number[]; cardPlaces: number[][]; shortLinks: TemplateContent['shortLinks'] }
  | { kind: 'refused'; errorId: number }
  | { kind: 'unknown' };

/** Knows templates. */
export interface TemplateBook {
  /** Rejects with DatabaseError. */
  fit(sender: DirectorySender, content: TemplateContent): Promise<Fitting>;
}

/** What it works with. */
export interface TemplateBookParts {
  database: Database;
  clock: Clock;
  sync: Pick<TemplateSync, 'ensure' | 'want'>;
}

/** A template as it may be sent; `undefined` shape: it may, but its content is not known yet. */
type Entry =
  | { kind: 'sendable'; shape: TemplateShape | undefined; shortLinks: TemplateContent['shortLinks'] }
  | { kind: 'not' };

const FRESH_MS = 500;
const REMEMBERED_MAX = 20_000;

/** Creates it; it knows nothing yet. */
export function createTemplateBook(parts: TemplateBookParts): TemplateBook {
  const { database, clock } = parts;
  const entries = new Map<string, Entry>();
  let version: number | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let checking: Promise<void> | undefined;

  /** Forgets everything when something changed since the last look, half a second ago at most. */
  async function freshen(): Promise<void> {
    if (clock.monotonic() - checkedAt < FRESH_MS) return;
    checking ??= (async () => {
      const now = await readTemplateVersion(database);
      if (now !== version) entries.clear();
      version = now;
      checkedAt = clock.monotonic();
    })().finally(() => {
      checking = undefined;
    });
    await checking;
  }

  async function read(shelf: Shelf, { templateName, language }: TemplateContent): Promise<Entry> {
    const row = await findTemplateToSend(database, shelf, templateName, language);
    if (row === undefined) return { kind: 'not' };
    const isOpen =
      isSendable(row.status) || ((row.status === 'PENDING' || row.status === 'IN_APPEAL') && row.approved !== null);
    if (!isOpen) return { kind: 'not' };
    // Parse boundary: JSON of Meta's components, written by JSON.stringify of an array.
    const components: unknown = row.approved === null ? [] : JSON.parse(row.approved);
    const isKnown = Array.isArray(components) && components.length > 0;
    if (!isKnown) return { kind: 'sendable', shape: undefined, shortLinks: undefined };
    const shortLinks = shortLinksOf(components, readExtras(row.extras));
    const shape = shapeOf(components, { category: row.category, destinations: shortLinks?.urls });
    return { kind: 'sendable', shape, shortLinks };
  }

  async function look(shelf: Shelf, content: TemplateContent, isFresh: boolean): Promise<Entry> {
    const key = `${shelf.account} ${shelf.wabaId} ${content.templateName} ${content.language}`;
    const known = isFresh ? undefined : entries.get(key);
    if (known !== undefined) return known;
    const entry = await read(shelf, content);
    if (entries.size >= REMEMBERED_MAX) entries.clear();
    entries.set(key, entry);
    return entry;
  }

  return {
    async fit({ account, wabaId }, content) {
      const shelf = { account, wabaId };
      await freshen();
      const fitting = judge(await look(shelf, content, false), content);
      if (fitting.kind === 'fits') return fitting;
      // Not known as it should be: what is remembered may be old, and what was never read is read now.
      if (!(await parts.sync.ensure(shelf))) return { kind: 'unknown' };
      const again = judge(await look(shelf, content, true), content);
      if (again.kind === 'unknown') await parts.sync.want(shelf);
      return again;
    },
  };
}

function judge(entry: Entry, content: TemplateContent): Fitting {
  if (entry.kind === 'not') return { kind: 'refused', errorId: ErrorId.invalidTemplate };
  if (entry.shape === undefined) return { kind: 'unknown' };
  const fit = fitTemplate(entry.shape, content.templateData);
  if (!fit.fits) return { kind: 'refused', errorId: ErrorId.invalidTemplateArgs };
  return { kind: 'fits', places: fit.places, cardPlaces: fit.cardPlaces, shortLinks: entry.shortLinks };
}
