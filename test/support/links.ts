// Short links for tests of what follows them: put into the database of a world as sends put them, and asked for as browsers do.
import { request as startRequest } from 'node:http';
import { createLog } from '../../src/lib/log.js';
import { createLinkIds } from '../../src/links/link-id.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import { ensureEndpoint } from '../../src/store/depths.js';
import { addLinks, type NewLink } from '../../src/store/links.js';

/** A phone's browser; what has no such text counts as a machine. */
export const PHONE =
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36';

/** An answer without its framing. */
export interface LinkAnswer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

/** A click as it is kept. */
export interface KeptClick {
  id: string;
  link: string;
  bot: string | null;
  is_first: boolean;
  device_type: string | null;
  os: string | null;
  device_name: string | null;
  country: string | null;
  city: string | null;
  address: Buffer | null;
}

/** Links of the demo account. */
export interface LinkBox {
  readonly database: Database;
  readonly account: number;
  /** Adds links of new messages; returns their ids. `trackingUrl` gets its endpoint. */
  add(count: number, fields?: Partial<NewLink>): Promise<string[]>;
  /** Oldest first; those of one millisecond in any order. */
  clicksOn(id: string): Promise<KeptClick[]>;
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;

/** Opens the database of a world; close it before the world stops. */
export async function openLinkBox(databaseUrl: string, now = Date.now()): Promise<LinkBox> {
  const database = openDatabase({ url: databaseUrl, log: createLog('silent'), connectionsMax: 2 });
  const [row] = await database.run<{ id: number }>(
    { name: '', text: `SELECT id FROM accounts WHERE account_id = 'demo'` },
    [],
  );
  const account = row?.id ?? 0;
  const idOf = createLinkIds(Buffer.alloc(32, now % 251));
  let messages = 0;
  return {
    database,
    account,
    async add(count, fields = {}) {
      const { trackingUrl = null } = fields;
      const endpoint =
        trackingUrl === null ? null : await ensureEndpoint(database, account, new URL(trackingUrl).origin, now);
      const links = Array.from({ length: count }, (): NewLink => {
        messages += 1;
        const message = `01999999-0000-7000-8000-${String(messages).padStart(12, '0')}`;
        return {
          id: idOf(message, 0),
          account,
          domain: null,
          target: 'https://shop.example/t/77',
          isTracked: true,
          endpoint,
          trackingUrl,
          day: 20_260_504,
          message,
          place: 0,
          messageId: `order-${messages}`,
          sender: '441134960000',
          recipient: '441134960001',
          template: null,
          envelope: JSON.stringify({ bulkId: 'b-9', callbackData: 'ord=77', applicationId: 'crm' }),
          createdAt: now,
          expiresAt: now + 90 * DAY_MS,
          ...fields,
        };
      });
      await addLinks(database, links);
      return links.map(({ id }) => id);
    },
    clicksOn: (id) =>
      database.run<KeptClick>(
        {
          name: '',
          text: `SELECT c.*, coalesce(k.first = c.id, false) AS is_first FROM clicks c LEFT JOIN link_clicks k ON k.link = c.link
            WHERE c.link = $1 ORDER BY c.at`,
        },
        [id],
      ),
    close: () => database.stop(),
  };
}

/** Asks `base` for `path` without following where it leads. The agent is a phone's unless given. */
export function ask(
  base: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<LinkAnswer> {
  return new Promise((resolve, reject) => {
    const request = startRequest(
      `${base}${path}`,
      { method, headers: { 'user-agent': PHONE, ...headers }, timeout: 10_000 },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject).on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')));
    request.end();
  });
}
