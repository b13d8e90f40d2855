// How specific each way to match is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENT_KINDS, routesOf } from './routes.js';

const any = { events: ['DELIVERY'], criteria: [], resources: [], users: [] };

test('a subscription that names nothing matches all, and one that names more outranks one that names less', () => {
  assert.deepEqual(routesOf(any), [{ applicationId: '', entityId: '', sender: '', rank: 0, events: 2 }]);
  const order = [
    {},
    { users: ['ann'] },
    { criteria: [{ applicationId: 'crm' }] },
    { criteria: [{ applicationId: 'crm' }], users: ['ann'] },
    { criteria: [{ entityId: 'shop' }] },
    { criteria: [{ applicationId: 'crm', entityId: 'shop' }], users: ['ann'] },
    { resources: ['4411'] },
    { resources: ['4411'], criteria: [{ applicationId: 'crm', entityId: 'shop' }], users: ['ann'] },
  ].map((named) => routesOf({ ...any, ...named })[0]?.rank ?? -1);
  assert.deepEqual(
    order,
    [...new Set(order)].sort((a, b) => a - b),
  );
});

test('each criterion with each sender is one way, whatever is repeated', () => {
  const criteria = [{ applicationId: 'crm' }, { applicationId: 'crm' }, { entityId: 'shop' }];
  assert.equal(routesOf({ ...any, criteria, resources: ['1', '2', '2'] }).length, 4);
});

test('a criterion for calls alone matches nothing, and unknown events are no events', () => {
  assert.deepEqual(routesOf({ ...any, criteria: [{ callsConfigurationId: 'c' }] }), []);
  assert.deepEqual(routesOf({ ...any, events: ['NOT_YET_INVENTED'] }), []);
  assert.equal(routesOf({ ...any, events: ['SEEN', 'NOT_YET_INVENTED'] })[0]?.events, 1 << EVENT_KINDS.SEEN);
});
