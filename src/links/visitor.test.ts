import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVisitors } from './visitor.js';

const PIXEL =
  'Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/AP4A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36';
const REDUCED =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';
const WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
const visitorOf = createVisitors();
const of = (agent: string, more: Record<string, string> = {}, method = 'GET') =>
  visitorOf(method, { 'user-agent': agent, ...more });

test('names device, system and browser of people', () => {
  assert.deepEqual(of(PIXEL), {
    bot: null,
    deviceType: 'Phone',
    os: 'Android 15',
    deviceName: 'Pixel 9',
    browser: 'Chrome',
  });
  const { deviceType, os, deviceName, browser } = of(IPHONE);
  assert.deepEqual([deviceType, os, deviceName, browser], ['Phone', 'iOS 18.1', 'iPhone', 'Safari']);
  assert.equal(of(WINDOWS).deviceType, 'Desktop');
});

test('believes client hints where the agent text hides what it knows', () => {
  const hints = {
    'sec-ch-ua-model': '"SM-S938B"',
    'sec-ch-ua-platform': '"Android"',
    'sec-ch-ua-platform-version': '"15.0.0"',
  };
  const { os, deviceName } = of(REDUCED, hints);
  assert.deepEqual([os, deviceName], ['Android 15', 'SM-S938B']);
  assert.deepEqual([of(REDUCED).os, of(REDUCED).deviceName], ['Android 10', null]);
  assert.equal(of(WINDOWS, { 'sec-ch-ua-platform-version': '"15.0.0"' }).os, 'Windows 11');
});

test('tells machines that only look from people', () => {
  const bots = [
    'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
    'WhatsApp/2.24.6.77 A',
    'meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'curl/8.5.0',
    '',
  ];
  for (const agent of bots) assert.notEqual(of(agent).bot, null, agent);
  assert.equal(visitorOf('GET', {}).bot, 'no user agent');
  assert.equal(of(PIXEL, {}, 'HEAD').bot, 'HEAD');
  assert.equal(of(PIXEL, { 'sec-purpose': 'prefetch;prerender' }).bot, 'prefetch');
  assert.equal(of(PIXEL).bot, null);
});

test('keeps only so much of what a visitor says', () => {
  const { deviceName } = of(PIXEL.replace('Pixel 9', 'x'.repeat(5_000)), { 'sec-ch-ua-model': 'y'.repeat(5_000) });
  assert.equal(deviceName?.length, 100);
  for (let i = 0; i < 6_000; i += 1) of(`Mozilla/5.0 (X11; Linux x86_64; n${i}) Firefox/130.0`);
  assert.equal(of(PIXEL).deviceName, 'Pixel 9');
});
