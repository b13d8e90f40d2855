// A scene whose messages bring a short message for the case that WhatsApp fails, and the phone that it arrives on.
import pg from 'pg';
import type { Receiver } from './receiver.js';
import { type Result, resultsAt, type Scene, startScene } from './scene.js';
import { until } from './until.js';

/** A delivery report with what tells the ways apart. */
export interface WayResult extends Result {
  channel: string;
  messageCount: number;
}

/** A short message on a phone. */
export interface PhoneSms {
  from: string;
  payload: { sms: { from: string; text: string; parts: number; coding: string } };
}

/** A scene in which Meta does nothing by itself. */
export interface FailoverScene {
  scene: Scene;
  /** Sends a message with a short message; its messageId, user and wamid. */
  send(sms: { from: string; text: string }, fields?: Record<string, unknown>): Promise<Sent>;
  /** Meta tells a status of it. */
  tell(sent: Sent, status: string, code?: number): Promise<void>;
  /** The short messages on the phone of a user, oldest first. */
  phone(user: string): Promise<PhoneSms[]>;
  phoneUntil(user: string, count: number, timeoutMs?: number): Promise<PhoneSms[]>;
  /** How the SMSC behaves from now on. */
  smsc(behaviour: Record<string, unknown>): Promise<void>;
  stop(): Promise<void>;
}

/** A message on its way. */
export interface Sent {
  messageId: string;
  user: string;
  wamid: string;
}

/** Starts one; `env` is the gateway's. */
export async function startFailoverScene(env: Record<string, string> = {}): Promise<FailoverScene> {
  const scene = await startScene(env);
  await scene.world.sandbox('/_sandbox/progress', { method: 'PUT', json: { mode: 'manual' } });
  await until(
    'bound to the SMSC',
    async () => (await scene.world.sandbox<{ bound: number }>('/_sandbox/smsc')).body.bound > 0,
  );
  async function phone(user: string): Promise<PhoneSms[]> {
    const { body } = await scene.world.sandbox<{ messages: (PhoneSms & { type: string })[] }>(
      `/_sandbox/messages?user=${user}&limit=1000`,
    );
    return body.messages.filter(({ type }) => type === 'sms');
  }
  return {
    scene,
    async send(sms, fields = {}) {
      const user = scene.newUser();
      const { messageId } = await scene.send({ to: user, ...fields });
      const [message] = await scene.atMetaUntil(user, 1);
      await giveSms(scene.world.info.database, messageId, sms);
      return { messageId, user, wamid: message?.id ?? '' };
    },
    async tell({ wamid }, status, code) {
      const path = `/_sandbox/messages/${encodeURIComponent(wamid)}/status`;
      const { status: http } = await scene.world.sandbox(path, {
        json: { status, ...(code === undefined ? {} : { code }) },
      });
      if (http !== 200) throw new Error(`status answered ${http}`);
    },
    phone,
    phoneUntil: (user, count, timeoutMs) =>
      until(
        `${count} short messages`,
        async () => {
          const found = await phone(user);
          return found.length >= count ? found : undefined;
        },
        timeoutMs,
      ),
    async smsc(behaviour) {
      const { status } = await scene.world.sandbox('/_sandbox/smsc', { method: 'PUT', json: behaviour });
      if (status !== 200) throw new Error(`PUT /smsc answered ${status}`);
    },
    stop: () => scene.stop(),
  };
}

/** Writes what a template's request would have brought. */
async function giveSms(database: string, messageId: string, sms: object): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    const { rows } = await client.query<{ envelope: string | null }>(
      'SELECT envelope FROM messages WHERE coalesce(message_id, id::text) = $1',
      [messageId],
    );
    const envelope = { ...JSON.parse(rows[0]?.envelope ?? '{}'), smsFailover: sms };
    await client.query('UPDATE messages SET envelope = $2 WHERE coalesce(message_id, id::text) = $1', [
      messageId,
      JSON.stringify(envelope),
    ]);
  } finally {
    await client.end();
  }
}

/** The reports of a message that arrived, in the order in which they happened to. */
export function reportsOf(receiver: Receiver, { messageId }: Sent): WayResult[] {
  // Parse boundary: every report has a channel and a count.
  return (resultsAt(receiver) as WayResult[]).filter((result) => result.messageId === messageId);
}

/** Waits for a report of that channel with that status. */
export function reportUntil(
  receiver: Receiver,
  sent: Sent,
  channel: 'SMS' | 'WHATSAPP',
  statusId: number,
  timeoutMs?: number,
): Promise<WayResult> {
  return until(
    `a report of ${channel} with status ${statusId}`,
    () => reportsOf(receiver, sent).find((each) => each.channel === channel && each.status?.id === statusId),
    timeoutMs,
  );
}
