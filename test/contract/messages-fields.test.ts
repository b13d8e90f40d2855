// Properties of every type's content: what its schema accepts reaches Meta whole, and what it refuses is named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageTypes } from '../../src/contract/messages/registry.js';
import { toMetaBody } from '../../src/contract/messages/wire.js';
import { fc } from '../support/property.js';
import { CONTENT_OVERRIDES, EXPIRATION_SECONDS } from './content-overrides.js';
import { fieldName, freeLeavesOf, leavesOf, spoilersOf, valuesOf, withSpoiled } from './schema-walk.js';

const RUNS = 40;
for (const type of messageTypes) {
  const { content: schema } = type.schema.properties;
  if (schema === undefined) continue;
  const contents = valuesOf(schema, CONTENT_OVERRIDES[type.type]).map((value): unknown =>
    JSON.parse(JSON.stringify(value)),
  );

  test(`${type.type}: brings all of any right content to Meta`, () => {
    fc.assert(
      fc.property(contents, (content) => {
        const result = type.validate({ ...type.example, content });
        if (!result.ok) assert.fail(JSON.stringify(result.violations));
        const wire = type.toWire(result.value.content, { acceptedAt: 0 });
        const body: unknown = JSON.parse(toMetaBody({ to: '441134960001', bizOpaque: 'p1:x', wire }));
        const arrived = new Set(leavesOf(body));
        for (const leaf of freeLeavesOf(schema, result.value.content)) {
          if (leaf === '' || leaf === String(EXPIRATION_SECONDS)) continue;
          assert.ok(arrived.has(leaf), `${JSON.stringify(leaf)} is not in ${JSON.stringify(body)}`);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test(`${type.type}: names any single field of the content that is wrong, and no other`, () => {
    let spoiled = 0;
    fc.assert(
      fc.property(contents, fc.nat(), (content, n) => {
        const spoilers = spoilersOf(schema, content);
        const spoiler = spoilers[n % spoilers.length];
        if (spoiler === undefined) return;
        const { path, how, value } = spoiler;
        const result = type.validate({ ...type.example, content: withSpoiled(content, path, value) });
        if (result.ok) assert.fail(`${fieldName(path)} accepted though ${how}`);
        assert.deepEqual(Object.keys(result.violations), [fieldName(path)], how);
        spoiled += 1;
      }),
      { numRuns: RUNS * 3 },
    );
    assert.ok(spoiled > 0);
  });
}
