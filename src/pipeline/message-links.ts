// Short links of messages: on disk before the message is posted, and always the same ones, so that what is sent again has the same links
// (Infobip 7).
import { ErrorId } from '../contract/errors.js';
import type { WireContent } from '../contract/messages/envelope.js';
import { StatusId } from '../contract/statuses.js';
import { hostOf } from '../contract/templates/short-urls.js';
import type { Clock } from '../lib/clock.js';
import { crashPoint } from '../lib/crash-point.js';
import type { LinkIdOf } from '../links/link-id.js';
import type { Database } from '../store/database.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import type { DomainDirectory } from '../store/domain-directory.js';
import type { LaneMessage } from '../store/lanes.js';
import { addLinks, type NewLink, readMessageIds } from '../store/links.js';
import { createCollector } from './collector.js';
import type { Failed } from './media-upload-transfer.js';
import { type LinkPlan, linkPlanOf, type Shortened, shortened } from './shortened.js';
import type { UrlDirectory } from './url-directory.js';

/** Makes the links of messages. */
export interface MessageLinks {
  /** The message with its links, in Meta's form; undefined when it has none; or why it is refused. Rejects with DatabaseError. */
  link(
    sender: DirectorySender,
    message: LaneMessage,
  ): Promise<{ kind: 'linked'; wire: WireContent } | Failed | undefined>;
}

/** What it works with. */
export interface MessageLinksParts {
  database: Database;
  directory: Directory;
  domains: DomainDirectory;
  urls: Pick<UrlDirectory, 'endpointOf'>;
  clock: Clock;
  idOf: LinkIdOf;
  /** Where links are that name no domain. */
  publicUrl(): string;
}

/** Where the links of a message are. `id` null: at the public URL. */
interface Place {
  id: number | null;
  origin: string;
}

const DAY_MS = 86_400_000;
const GROUP_MAX = 200;
/** Far more than are posted at once. */
const BACKLOG_MAX = 20_000;
/** Two links with the same 60 bits are a marvel; three are a fault. */
const TURNS_MAX = 3;

/** Creates it. */
export function createMessageLinks(parts: MessageLinksParts): MessageLinks {
  const { database, idOf } = parts;
  const writing = createCollector<readonly NewLink[], ReadonlySet<string>>({
    groupMax: GROUP_MAX,
    backlogMax: BACKLOG_MAX,
    write: (groups) => write(database, groups),
  });
  return {
    async link(sender, message) {
      const plan = linkPlanOf(message);
      if (plan === undefined) return undefined;
      const place = await placeOf(parts, sender.account, plan.domain);
      if (place === undefined) return refused(unverified);
      const turns: number[] = [];
      for (let tries = 0; tries < TURNS_MAX; tries += 1) {
        const idAt = (at: number): string => idOf(message.id, at, turns[at] ?? 0);
        const made = shortened(message, plan, place.origin, idAt);
        if (made.kind === 'refused') return refused(made);
        if (made.targets.length === 0) return { kind: 'linked', wire: made.wire };
        const links = await linksOf(parts, sender, message, { plan, place, targets: made.targets, idAt });
        const taken = await (writing.add(links) ?? write(database, [links]).then(([own]) => own));
        if (taken === undefined || taken.size === 0) {
          crashPoint('links.written');
          return { kind: 'linked', wire: made.wire };
        }
        for (const { id, place: at } of links) if (taken.has(id)) turns[at] = (turns[at] ?? 0) + 1;
      }
      throw new RangeError('the ids of links are taken again and again');
    },
  };
}

/** Where the links of a message are; undefined when its account has not proved the domain. */
async function placeOf(
  { domains, publicUrl }: MessageLinksParts,
  account: number,
  domain: string | undefined,
): Promise<Place | undefined> {
  if (domain === undefined) return { id: null, origin: new URL(publicUrl()).origin };
  const host = hostOf(domain);
  if (host === undefined) return undefined;
  // Another process may have verified it a moment ago.
  if (domains.domainOf(account, host)?.state !== 'verified') await domains.refresh();
  const known = domains.domainOf(account, host);
  return known?.state === 'verified' ? { id: known.id, origin: `https://${host}` } : undefined;
}

async function linksOf(
  { directory, urls, clock }: MessageLinksParts,
  { account, sender }: DirectorySender,
  message: LaneMessage,
  made: { plan: LinkPlan; place: Place; targets: readonly string[]; idAt(at: number): string },
): Promise<NewLink[]> {
  const { trackingUrl } = made.plan.options;
  const isTold = made.plan.isTracked && trackingUrl !== undefined;
  const endpoint = isTold ? await urls.endpointOf(account, trackingUrl) : null;
  const createdAt = clock.now();
  return made.targets.map((target, at) => ({
    id: made.idAt(at),
    account,
    domain: made.place.id,
    target,
    isTracked: made.plan.isTracked,
    endpoint,
    trackingUrl: isTold ? trackingUrl : null,
    day: message.day,
    message: message.id,
    place: at,
    messageId: null,
    sender,
    recipient: message.recipient,
    template: made.plan.template?.templateName ?? null,
    envelope: message.envelope,
    createdAt,
    expiresAt: createdAt + (directory.account(account)?.linkDays ?? 0) * DAY_MS,
  }));
}

/** Writes the links of several messages; of each message the ids that are others'. */
async function write(database: Database, groups: readonly (readonly NewLink[])[]): Promise<ReadonlySet<string>[]> {
  const links = groups.flat();
  const messageIds = await readMessageIds(database, links);
  const taken = new Set(
    await addLinks(
      database,
      links.map((link) => ({ ...link, messageId: messageIds.get(link.message) ?? null })),
    ),
  );
  return groups.map((own) => new Set(own.map(({ id }) => id).filter((id) => taken.has(id))));
}

const unverified: Extract<Shortened, { kind: 'refused' }> = {
  kind: 'refused',
  statusId: StatusId.rejectedPlatform,
  errorId: ErrorId.configuration,
  detail: 'the domain of short links is not verified',
};

function refused({ statusId, errorId, detail }: Extract<Shortened, { kind: 'refused' }>): Failed {
  const refusal = { metaCode: undefined, metaSubcode: undefined, httpStatus: 0, detail };
  return { kind: 'failed', statusId, errorId, refusal };
}
