import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { after, before, test } from 'node:test';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { newAuthority } from '../../test/support/certificates.js';
import { createLog } from '../lib/log.js';
import { startTlsServer, type TlsServer } from './tls-server.js';

const authority = newAuthority('test');
const identity = authority.issue('localhost');
const state = { isClosing: false };

let server: TlsServer;
before(async () => {
  server = await startTlsServer({
    log: createLog('silent'),
    host: '127.0.0.1',
    port: 0,
    async contextOf(host) {
      if (host === 'broken.example') throw new Error('broken');
      return host === 'localhost' ? createSecureContext({ key: identity.key, cert: identity.cert }) : undefined;
    },
    routes: {
      serve(_, response) {
        const life = state.isClosing ? { connection: 'close' } : {};
        response.writeHead(200, { 'content-length': 6, ...life }).end('served');
        return true;
      },
      close() {
        state.isClosing = true;
      },
    },
  });
});
after(() => server.close());

async function handshake(servername?: string): Promise<TLSSocket> {
  const { port } = new URL(server.url);
  const options = { host: '127.0.0.1', port: Number(port), ca: authority.ca };
  const socket = connect(servername === undefined ? options : { ...options, servername });
  await once(socket, 'secureConnect');
  return socket;
}

async function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [bytes] = await once(socket, 'data');
  return String(bytes);
}

test('who names a host gets its certificate, whatever the case', async () => {
  for (const name of ['localhost', 'LOCALHOST']) {
    const socket = await handshake(name);
    assert.equal(socket.getPeerCertificate().fingerprint256 !== undefined && socket.authorized, true);
    assert.match(await ask(socket), /^HTTP\/1\.1 200 OK[\s\S]*served$/);
    socket.destroy();
  }
});

test('a host without a certificate, and no name, are refused by TLS itself', async () => {
  for (const name of ['other.example', undefined]) await assert.rejects(handshake(name), { code: /HANDSHAKE_FAILURE/ });
  await assert.rejects(handshake('broken.example'));
  assert.match(await ask(await handshake('localhost')), /served/);
});

test('closing ends what is idle and what never shook hands', async () => {
  const idle = await handshake('localhost');
  await ask(idle);
  const { port } = new URL(server.url);
  const mute = connectPlain(Number(port), '127.0.0.1');
  mute.on('error', () => undefined);
  await once(mute, 'connect');
  const ended = Promise.all([once(idle, 'close'), once(mute, 'close')]);
  idle.resume();
  mute.resume();
  await server.close();
  await ended;
});
