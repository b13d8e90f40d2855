import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEW_HEAD } from '../../test/support/endpoint-head.js';
import type { DeliveryProfile } from '../contract/delivery-profile.js';
import { createLog } from '../lib/log.js';
import { createLimitKeeper } from './deliver-limits.js';
import { createEndpoint, type Endpoint } from './endpoint.js';

const ORDERED: DeliveryProfile = { isOrdered: true };

/** A keeper before a directory that says `profiles` one by one, each from its look on; the last for good. */
function keeperOf(...profiles: (DeliveryProfile | Error | undefined)[]) {
  const endpoint = createEndpoint({ ...NEW_HEAD, profile: 'p' });
  const ready: Endpoint[] = [];
  const wanted: Endpoint[] = [];
  const state = { looks: 0 };
  const profileOf = (): DeliveryProfile | undefined => {
    const found = profiles[Math.min(state.looks, profiles.length - 1)];
    return found instanceof Error ? undefined : found;
  };
  const keeper = createLimitKeeper(
    {
      log: createLog('silent'),
      order: { want: (each) => void wanted.push(each) },
      profileOf,
      async findProfile() {
        await Promise.resolve();
        state.looks += 1;
        const found = profiles[Math.min(state.looks, profiles.length - 1)];
        if (found instanceof Error) throw found;
        return found;
      },
    },
    (each) => void ready.push(each),
  );
  return { keeper, endpoint, ready, wanted, state };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an endpoint whose profile is not known is not ready before it was looked for, and keeps its order then', async () => {
  const { keeper, endpoint, ready, wanted, state } = keeperOf(undefined, ORDERED);
  keeper.renew(endpoint);
  keeper.renew(endpoint);
  assert.equal(endpoint.isPreparing, true);
  await turn();
  assert.deepEqual([state.looks, ready.length, endpoint.isPreparing], [1, 1, false]);
  keeper.renew(endpoint);
  assert.deepEqual([endpoint.limits.isOrdered, wanted.length], [true, 1]);
});

test('a profile that was removed is looked for once, and its endpoint goes on as one without', async () => {
  const { keeper, endpoint, state } = keeperOf(undefined);
  keeper.renew(endpoint);
  await turn();
  keeper.renew(endpoint);
  await turn();
  assert.deepEqual([state.looks, endpoint.isPreparing, endpoint.limits.isOrdered], [1, false, false]);
});

test('a look that fails is made again', async () => {
  const { keeper, endpoint, ready } = keeperOf(undefined, new Error('gone'), ORDERED);
  keeper.renew(endpoint);
  await turn();
  assert.deepEqual([ready.length, endpoint.isPreparing], [0, true]);
  keeper.renew(endpoint);
  await turn();
  assert.deepEqual([ready.length, endpoint.isPreparing], [1, false]);
});
