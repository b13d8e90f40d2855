// Calling Infobip's management APIs as one tenant, or as two side by side.
import assert from 'node:assert/strict';
import type { Reply } from './dev-world.js';
import { type Receiver, startReceiver } from './receiver.js';
import { type Scene, startScene, type Tenant } from './scene.js';

/** What an old-form error says, as far as tests look at it. */
export interface OldError {
  requestError: { serviceException: { messageId: string; text: string; validationErrors?: Record<string, string[]> } };
}

/** Calls of one key. */
export interface Management {
  call<T = Record<string, unknown>>(method: string, path: string, json?: object): Promise<Reply<T>>;
  /** As `call`; throws unless the status is `status`. Returns the body. */
  expect<T = Record<string, unknown>>(status: number, method: string, path: string, json?: object): Promise<T>;
  /** The paths that a 400 blames. */
  blamed(method: string, path: string, json?: object): Promise<string[]>;
}

/** Calls with `key`. */
export function managementOf(scene: Pick<Scene, 'world'>, key: string): Management {
  const management: Management = {
    call: (method, path, json) => scene.world.api(path, { method, key, ...(json === undefined ? {} : { json }) }),
    async expect<T>(status: number, method: string, path: string, json?: object) {
      const reply = await management.call<T>(method, path, json);
      assert.equal(reply.status, status, `${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return reply.body;
    },
    async blamed(method, path, json) {
      const { requestError } = await management.expect<OldError>(400, method, path, json);
      return Object.keys(requestError.serviceException.validationErrors ?? {}).sort();
    },
  };
  return management;
}

/** A running scene with two tenants, their calls, and one receiver for both. */
export interface TwoTenants {
  scene: Scene;
  hook: Receiver;
  ann: Tenant;
  bob: Tenant;
  annApi: Management;
  bobApi: Management;
  stop(): Promise<void>;
}

/** Starts it. */
export async function startTwoTenants(): Promise<TwoTenants> {
  const scene = await startScene();
  const hook = await startReceiver();
  const [ann, bob] = [await scene.newTenant(), await scene.newTenant()];
  return {
    ...{ scene, hook, ann, bob },
    annApi: managementOf(scene, ann.key),
    bobApi: managementOf(scene, bob.key),
    async stop() {
      await hook.stop();
      await scene.stop();
    },
  };
}
