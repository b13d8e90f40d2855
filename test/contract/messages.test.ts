// Holds for every message type of the registry, so that a new one is tested by its line there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import { isObject, textAt } from '../../src/contract/json.js';
import { messageTypeByName, messageTypeByPath, messageTypes } from '../../src/contract/messages/registry.js';
import { toMetaBody } from '../../src/contract/messages/wire.js';
import { fc } from '../support/property.js';

test('names every type by a path and a name of its own', () => {
  assert.ok(messageTypes.length > 0);
  assert.equal(new Set(messageTypes.map(({ path }) => path)).size, messageTypes.length);
  assert.equal(new Set(messageTypes.map(({ type }) => type)).size, messageTypes.length);
});

const MOMENT = { acceptedAt: 1_700_000_000_000 };

/** Values that are wrong for whatever kind of field stands there. */
const WRONG_FOR_ALL = [[[]], true];

for (const type of messageTypes) {
  test(`${type.type}: is found by its path and its name`, () => {
    assert.equal(messageTypeByPath(type.path), type);
    assert.equal(messageTypeByName(type.type), type);
  });

  test(`${type.type}: accepts its example unchanged`, () => {
    const result = type.validate(JSON.parse(JSON.stringify(type.example)));
    assert.deepEqual(result, { ok: true, value: type.example });
    assert.ok(Compile(type.schema).Check(type.example));
  });

  test(`${type.type}: maps its example to a body around it, unless Meta has none`, () => {
    const content = type.example.content ?? {};
    if (!type.isSendable) {
      assert.throws(() => type.toWire(content, MOMENT), TypeError);
      return;
    }
    const wire = type.toWire(content, MOMENT);
    const own = wire[wire.type];
    assert.ok(typeof own === 'object' && own !== null, 'the value named by type is missing');
    const body: unknown = JSON.parse(toMetaBody({ to: '441134960001', bizOpaque: 'p1:x', wire, replyTo: 'wamid.A' }));
    assert.ok(isObject(body));
    assert.equal(body.messaging_product, 'whatsapp');
    assert.equal(body.recipient_type, 'individual');
    assert.equal(body.to, '441134960001');
    assert.equal(body.biz_opaque_callback_data, 'p1:x');
    assert.deepEqual(body.context, { message_id: 'wamid.A' });
    assert.deepEqual(body[wire.type], JSON.parse(JSON.stringify(own)));
  });

  test(`${type.type}: refuses to map content that is not its own`, () => {
    assert.throws(() => type.toWire({ other: true }, MOMENT), TypeError);
    assert.throws(() => type.toWire(undefined, MOMENT), TypeError);
  });

  test(`${type.type}: names each single field that is wrong, and no other`, () => {
    const { properties } = type.schema;
    const names = Object.keys(properties);
    assert.ok(names.includes('from'));
    for (const name of names) {
      for (const wrong of WRONG_FOR_ALL) {
        const result = type.validate({ ...type.example, [name]: wrong });
        if (result.ok) assert.fail(`${name} accepted ${JSON.stringify(wrong)}`);
        for (const path of Object.keys(result.violations))
          assert.ok(path === name || path.startsWith(`${name}.`), path);
      }
    }
  });

  test(`${type.type}: names all required fields of an empty body`, () => {
    const result = type.validate({});
    assert.ok(!result.ok);
    for (const name of type.schema.required ?? []) assert.ok(result.violations[name] !== undefined, name);
    assert.deepEqual(Object.keys(result.violations).sort(), [...(type.schema.required ?? [])].sort());
  });

  test(`${type.type}: keeps the limits of the envelope`, () => {
    const limits = { from: 24, to: 150, messageId: 200, callbackData: 4000, entityId: 255, applicationId: 255 };
    for (const [name, max] of Object.entries(limits)) {
      assert.ok(type.validate({ ...type.example, [name]: 'x'.repeat(max) }).ok, name);
      const result = type.validate({ ...type.example, [name]: 'x'.repeat(max + 1) });
      assert.deepEqual(result, {
        ok: false,
        violations: { [name]: [`size must be between ${name === 'from' || name === 'to' ? 1 : 0} and ${max}`] },
      });
    }
    const url = `https://a.example/${'x'.repeat(2048 - 18)}`;
    assert.ok(type.validate({ ...type.example, notifyUrl: url }).ok);
    assert.ok(!type.validate({ ...type.example, notifyUrl: `${url}x` }).ok);
  });

  test(`${type.type}: reads applicationID as applicationId`, () => {
    const result = type.validate({ ...type.example, applicationID: 'crm' });
    assert.ok(result.ok);
    assert.equal(textAt(result.value, 'applicationId'), 'crm');
  });

  test(`${type.type}: never throws, whatever content it is sent`, () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (content, entityId) => {
        const result = type.validate({ ...type.example, content, entityId });
        if (!result.ok) refused += 1;
      }),
    );
    assert.ok(refused > 0);
  });
}
