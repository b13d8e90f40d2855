// A program: as little of Meta as a send needs. Answers Graph sends and posts sent, delivered and read, each as a signed webhook
// of its own, one after the other for each message (Meta 1.1, 2.3).
import type { ServerResponse } from 'node:http';
import { createHttpClient, type HttpClient, requestHead } from './http-client.js';
import { report, sendJson, serve } from './program.js';
import { sign } from './requests.js';

/** Where webhooks go from now on. */
export interface StubSettings {
  callbackUrl: string;
  appSecret: string;
}

interface Send {
  phoneNumberId: string;
  to: string;
  bizOpaque: string;
  wamid: string;
}

const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(50_000)]);
const STATUSES = ['sent', 'delivered', 'read'] as const;
const CONNECTIONS = 64;
const RETRY_MS = 50;
const TRIES_MAX = 400;
const PRICING = { billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' };
const state: { settings: StubSettings | undefined; client: HttpClient | undefined; head: string; sends: number } = {
  settings: undefined,
  client: undefined,
  head: '',
  sends: 0,
};

function take(path: string, body: string): Send {
  // Parse boundary: the gateway's or the relay's body of a send.
  const { to, biz_opaque_callback_data: bizOpaque } = JSON.parse(body) as {
    to: string;
    biz_opaque_callback_data: string;
  };
  state.sends += 1;
  const wamid = `wamid.HBgMNDQ3NzAwMDAwMDAwFQIAERgS${process.pid.toString(16)}.${state.sends.toString(16).padStart(8, '0')}`;
  return { phoneNumberId: path.split('/')[2] ?? '', to, bizOpaque, wamid };
}

function statusBody({ phoneNumberId, to, bizOpaque, wamid }: Send, status: string): string {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const pricing = status === 'read' ? {} : { pricing: PRICING };
  return JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '1020304050',
        changes: [
          {
            field: 'messages',
            value: {
              messaging_product: 'whatsapp',
              metadata: { display_phone_number: '441134961000', phone_number_id: phoneNumberId },
              statuses: [
                { id: wamid, status, timestamp, recipient_id: to, biz_opaque_callback_data: bizOpaque, ...pricing },
              ],
            },
          },
        ],
      },
    ],
  });
}

function tell(send: Send, index: number, tries: number): void {
  const { settings, client, head } = state;
  const status = STATUSES[index];
  if (status === undefined || settings === undefined || client === undefined || tries > TRIES_MAX) return;
  const body = statusBody(send, status);
  client.post(`${head}x-hub-signature-256: ${sign(settings.appSecret, body)}\r\n`, body, (httpStatus) => {
    if (httpStatus === 200) tell(send, index + 1, 0);
    else setTimeout(() => tell(send, index, tries + 1), RETRY_MS);
  });
}

/** The one template that there is, as Graph lists it (Meta 4.1). */
const TEMPLATES = JSON.stringify({
  data: [
    {
      id: '501',
      name: 'parcel_out',
      language: 'en_GB',
      status: 'APPROVED',
      category: 'UTILITY',
      components: [{ type: 'BODY', text: 'Dear {{1}}, your parcel {{2}} will be with you tomorrow between 9 and 12.' }],
    },
  ],
});

/** The file that messages link to, for the gateway to fetch; any upload of it is good. */
function sendFile(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': JPEG.length, etag: '"1"' });
  response.end(JPEG);
}

const url = await serve((request, body, response) => {
  if (request.method === 'GET' && request.url?.includes('/message_templates') === true)
    return sendJson(response, TEMPLATES);
  if (request.method === 'GET') return sendFile(response);
  if (request.url?.endsWith('/media') === true) return sendJson(response, '{"id":"1013859600285441"}');
  const send = take(request.url ?? '', body);
  const contacts = [{ input: send.to, wa_id: send.to }];
  sendJson(response, JSON.stringify({ messaging_product: 'whatsapp', contacts, messages: [{ id: send.wamid }] }));
  // After the answer: nobody is told of a message whose id they do not know.
  setImmediate(tell, send, 0, 0);
});

report<StubSettings, null>(url, async (settings) => {
  state.client?.close();
  state.settings = settings;
  state.client = createHttpClient(settings.callbackUrl, CONNECTIONS);
  state.head = requestHead(settings.callbackUrl);
  return null;
});
