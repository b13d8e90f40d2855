import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiError, serviceException } from './answers.js';
import { errorXml, wantsXml } from './xml.js';

test('tells an error as XML to those who ask for it, and only the statuses that have it', () => {
  for (const accept of [
    'application/xml',
    'text/xml',
    'application/xml, application/json;q=0.9',
    'Application/XML;q=0.5, */*',
  ])
    assert.ok(wantsXml(401, accept), accept);
  for (const accept of [
    undefined,
    '*/*',
    'application/json',
    'application/json, application/xml',
    'application/xml;q=0',
    'image/svg+xml',
  ])
    assert.ok(!wantsXml(401, accept), accept);
  assert.deepEqual(
    [400, 403, 404, 413, 429, 500, 503].filter((status) => wantsXml(status, 'application/xml')),
    [403, 429, 500],
  );
});

test('writes both forms, with nothing that XML would read otherwise', () => {
  assert.equal(
    errorXml(serviceException(401)),
    '<?xml version="1.0" encoding="UTF-8"?><requestError><serviceException><messageId>UNAUTHORIZED</messageId><text>Unauthorized</text></serviceException></requestError>',
  );
  const xml = errorXml(apiError(403, { description: 'a < b & "c"', action: 'x', violations: { p: ['wrong'] } }));
  assert.match(xml, /<apiError><errorCode>E403<\/errorCode><description>a &#60; b &#38; &#34;c&#34;<\/description>/);
  assert.match(
    xml,
    /<violations><violation><property>p<\/property><violation>wrong<\/violation><\/violation><\/violations>/,
  );
  assert.match(xml, /<resources><\/resources><\/apiError>$/);
});
