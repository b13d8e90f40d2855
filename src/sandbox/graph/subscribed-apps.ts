// POST, GET and DELETE /{waba-id}/subscribed_apps: whether the app gets the WABA's webhooks, and where (Meta 6).
import Type from 'typebox';
import type { Callbacks } from '../callbacks.js';
import { checkerOf } from '../checker.js';
import type { World } from '../world.js';
import { type GraphAnswer, type GraphCall, notFound, ownWaba, refuse } from './call.js';
import { checkBody, missingParameter } from './schema.js';

/** Meta's limit on callback URLs (Meta 2.1). */
const URL_CHARACTERS_MAX = 200;

const Override = checkerOf(
  Type.Object({
    override_callback_uri: Type.Optional(Type.String({ maxLength: URL_CHARACTERS_MAX })),
    verify_token: Type.Optional(Type.String({ maxLength: 512 })),
  }),
);

/** The edge's handler. Parameters may come in the body or the query. An override is set only after its handshake passed. */
export function createSubscribedApps(
  world: World,
  callbacks: Callbacks,
): (call: GraphCall) => Promise<GraphAnswer> | GraphAnswer {
  return (call) => {
    const waba = ownWaba(world, call);
    if (waba === undefined) return notFound(call);
    if (call.method === 'GET') return list(world, call);
    if (call.method === 'POST') return subscribe(world, callbacks, call);
    waba.subscribed = false;
    world.wabas.put(waba.wabaId, waba);
    callbacks.rebuild();
    return { body: { success: true } };
  };
}

function list(world: World, call: GraphCall): GraphAnswer {
  const waba = world.wabas.get(call.id);
  if (waba?.subscribed !== true) return { body: { data: [] } };
  const { appId } = call.app;
  const app = {
    id: appId,
    link: `https://www.facebook.com/games/?app_id=${appId}`,
    name: `Sandbox app ${appId.slice(-4)}`,
  };
  const override = waba.override === null ? {} : { override_callback_uri: waba.override.callbackUrl };
  return { body: { data: [{ whatsapp_business_api_data: app, ...override }] } };
}

async function subscribe(world: World, callbacks: Callbacks, call: GraphCall): Promise<GraphAnswer> {
  const body =
    typeof call.body === 'object' && call.body !== null ? { ...call.query, ...call.body } : { ...call.query };
  if (!Override.Check(body)) return refuse(checkBody(Override, body) ?? { code: 100 });
  const { override_callback_uri: callbackUrl, verify_token: verifyToken } = body;
  if (callbackUrl !== undefined) {
    if (verifyToken === undefined) return refuse(missingParameter('verify_token'));
    if (!URL.canParse(callbackUrl)) return refuse({ code: 100, details: 'override_callback_uri is not a URL.' });
    if (!(await callbacks.verify(callbackUrl, verifyToken))) {
      return refuse({
        code: 100,
        details: 'The callback URL could not be validated: it did not answer the challenge.',
      });
    }
  }
  const waba = ownWaba(world, call);
  if (waba === undefined) return notFound(call);
  waba.subscribed = true;
  waba.override = callbackUrl === undefined || verifyToken === undefined ? null : { callbackUrl, verifyToken };
  world.wabas.put(waba.wabaId, waba);
  callbacks.rebuild();
  return { body: { success: true } };
}
