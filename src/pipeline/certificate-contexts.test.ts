import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAuthority } from '../../test/support/certificates.js';
import { createLog } from '../lib/log.js';
import { createSecretBox } from '../lib/secrets.js';
import { certificateText } from '../links/certificate-text.js';
import { DatabaseError } from '../store/database.js';
import { type ContextOf, createCertificateContexts } from './certificate-contexts.js';

const HOST = 'go.shop.example';
const secrets = createSecretBox(Buffer.alloc(32, 1));
const authority = newAuthority('test');

function sealed(name: string): Buffer {
  const { key, cert } = authority.issue(name);
  return secrets.seal(certificateText({ key, chain: cert }));
}

/** A table with one certificate at most, and a count of its reads. */
function newScene(): {
  contextOf: ContextOf;
  state: { version: number; content: Buffer | undefined; reads: number; isAway: boolean };
} {
  const state = { version: 1, content: undefined as Buffer | undefined, reads: 0, isAway: false };
  const contextOf = createCertificateContexts({
    log: createLog('silent'),
    secrets,
    publicHost: 'parley.example',
    domains: {
      version: () => state.version,
      ownerOf: (host) => (host.endsWith('.shop.example') ? { id: 1, account: 1, host, state: 'verified' } : undefined),
    },
    database: {
      async run<Row>() {
        state.reads += 1;
        if (state.isAway) throw new DatabaseError('unavailable', undefined, new Error('away'));
        // Parse boundary of the stand-in: the one statement that is run reads `content`.
        return (state.content === undefined ? [] : [{ content: state.content }]) as Row[];
      },
    },
  });
  return { contextOf, state };
}

test('hosts that are nobody’s cost no read, and a host is read once for many handshakes', async () => {
  const { contextOf, state } = newScene();
  state.content = sealed('a');
  assert.equal(await contextOf('other.example'), undefined);
  assert.equal(state.reads, 0);
  const contexts = await Promise.all([contextOf(HOST), contextOf(HOST), contextOf(HOST)]);
  contexts.push(await contextOf(HOST));
  assert.ok(contexts[0] !== undefined);
  assert.deepEqual([new Set(contexts).size, state.reads], [1, 1]);
  assert.notEqual(await contextOf('parley.example'), undefined);
});

test('a change of domains makes it look again, and a certificate that is the same is kept', async () => {
  const { contextOf, state } = newScene();
  assert.equal(await contextOf(HOST), undefined);
  state.content = sealed('a');
  assert.deepEqual([await contextOf(HOST), state.reads], [undefined, 1]);
  state.version += 1;
  const first = await contextOf(HOST);
  assert.ok(first !== undefined);
  state.version += 1;
  assert.equal(await contextOf(HOST), first);
  state.version += 1;
  state.content = sealed('b');
  const second = await contextOf(HOST);
  assert.ok(second !== undefined && second !== first);
  state.version += 1;
  state.content = undefined;
  assert.deepEqual([await contextOf(HOST), state.reads], [undefined, 5]);
});

test('while the database is away what was known serves, and is looked at again when it is back', async () => {
  const { contextOf, state } = newScene();
  state.content = sealed('a');
  const known = await contextOf(HOST);
  state.version += 1;
  state.isAway = true;
  assert.ok(known !== undefined);
  assert.equal(await contextOf(HOST), known);
  state.isAway = false;
  state.content = sealed('b');
  assert.notEqual(await contextOf(HOST), known);
});

test('what no key opens is refused, and not tried again before it changes', async () => {
  const { contextOf, state } = newScene();
  state.content = createSecretBox(Buffer.alloc(32, 9)).seal('{}');
  assert.deepEqual([await contextOf(HOST), await contextOf(HOST), state.reads], [undefined, undefined, 1]);
  state.version += 1;
  state.content = sealed('a');
  assert.notEqual(await contextOf(HOST), undefined);
});

test('it remembers a thousand hosts, and forgets first who was not asked for longest', async () => {
  const { contextOf, state } = newScene();
  const hosts = Array.from({ length: 1_000 }, (_, i) => `h${i}.shop.example`);
  for (const host of hosts) await contextOf(host);
  await contextOf('h0.shop.example');
  assert.equal(state.reads, 1_000);
  await contextOf('one-more.shop.example');
  await contextOf('h0.shop.example');
  assert.equal(state.reads, 1_001);
  await contextOf('h1.shop.example');
  assert.equal(state.reads, 1_002);
});
