// What is done with messages to a number: made, changed and removed by number and keyword.
import type { Static } from 'typebox';
import { type inboundConfigurationSchema, normalKeyword } from '../contract/inbound-configuration.js';
import { bindPlatform, isWithin, type KeyOwner, type KeyPlatform } from '../contract/key-platform.js';
import type { Clock } from '../lib/clock.js';
import { uuidv7 } from '../lib/id.js';
import type { Runner } from '../store/accounts.js';
import type { Database } from '../store/database.js';
import {
  countConfigurations,
  findConfigurations,
  type InboundConfigurationRow,
  putConfiguration,
} from '../store/inbound-configurations.js';
import { ensureEndpoint, findSender } from '../store/senders.js';
import { giveUp, type Refusal, transactOrRefuse } from './refusal.js';

/** What these operations need. */
export interface InboundConfigurationParts {
  database: Database;
  clock: Clock;
  /** Why a URL can never be posted to, as far as its text says (the SSRF guard's static check). */
  checkUrl(url: string): string | undefined;
}

/** A request, validated. */
type Given = Static<typeof inboundConfigurationSchema>;
type Settings = Pick<InboundConfigurationRow, 'username' | 'applicationId' | 'entityId' | 'url'>;

/** Configurations of one number: every message is compared with them by an index, so this only bounds what one account keeps. */
const CONFIGURATIONS_MAX = 1_000;
const NOTHING: Settings = { username: null, applicationId: null, entityId: null, url: null };

/** Makes the configuration of a number and keyword, or changes what the request names of it. Refused for a number of nobody or of others. */
export function upsertConfiguration(
  parts: InboundConfigurationParts,
  { account, platform }: KeyOwner,
  given: Given,
): Promise<InboundConfigurationRow | Refusal> {
  const { database, clock, checkUrl } = parts;
  return transactOrRefuse(database, async (tx) => {
    const reason = given.forwarding === undefined ? undefined : checkUrl(given.forwarding.url);
    if (reason !== undefined) giveUp('invalid', `cannot be posted to: ${reason}`, 'forwarding.url');
    const number = given.number ?? given.numberKey ?? '';
    const sender = (await findSender(tx, account, number)) ?? giveUp('notFound', 'no such number');
    const keyword = normalKeyword(given.keyword ?? '');
    const [before] = await findConfigurations(tx, { account, key: null, number, keyword, platform: [] }, 1);
    if (before !== undefined && !isWithin(platform, before)) giveUp('forbidden', 'belongs to another application');
    if (before === undefined && (await countConfigurations(tx, sender.id)) >= CONFIGURATIONS_MAX)
      giveUp('conflict', `a number has at most ${CONFIGURATIONS_MAX} configurations`);
    const settings = bound(platform, changed(before ?? NOTHING, given));
    const endpoint = await endpointOf(tx, account, settings.url, clock.now());
    const row = { key: before?.key ?? uuidv7(clock.now()), keyword, ...settings, endpoint };
    await putConfiguration(tx, sender.id, row, clock.now());
    return { ...row, number };
  });
}

/** With the application and entity that count under a key bound to `platform`. */
function bound(platform: readonly KeyPlatform[], settings: Settings): Settings {
  if (platform.length === 0) return settings;
  const { applicationId, entityId } = settings;
  const named = { applicationId: applicationId ?? undefined, entityId: entityId ?? undefined };
  const counts = bindPlatform(platform, named);
  if (counts === undefined || !isWithin(platform, counts)) giveUp('forbidden', 'names no application of this key');
  return { ...settings, applicationId: counts.applicationId ?? null, entityId: counts.entityId ?? null };
}

async function endpointOf(tx: Runner, account: number, url: string | null, now: number): Promise<number | null> {
  return url === null ? null : ensureEndpoint(tx, account, new URL(url).origin, now);
}

/** What the request names replaces what was; what `unset` names goes first. */
function changed(before: Settings, { username, platform, forwarding, unset = [] }: Given): Settings {
  const kept: Settings = {
    username: unset.includes('USERNAME') ? null : before.username,
    applicationId: unset.includes('PLATFORM') ? null : before.applicationId,
    entityId: unset.includes('PLATFORM') ? null : before.entityId,
    url: unset.includes('FORWARDING') ? null : before.url,
  };
  return {
    username: username ?? kept.username,
    applicationId: platform === undefined ? kept.applicationId : (platform.applicationId ?? null),
    entityId: platform === undefined ? kept.entityId : (platform.entityId ?? null),
    url: forwarding?.url ?? kept.url,
  };
}
