import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { ConfigError, describeConfig, type Environment, loadConfig, loadSettings, ROLES, VARIABLES } from './config.js';

const KEY = Buffer.alloc(32, 7);
const SECRET = { PARLEY_SECRET_KEY: KEY.toString('base64') };

function problemsOf(env: Environment): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('a secret key is all that serve needs', () => {
  const config = loadConfig(SECRET);
  assert.deepEqual(config, {
    host: '127.0.0.1',
    port: 8080,
    sandboxPort: 8090,
    sandboxSmscPort: 0,
    dataDir: resolve('.parley'),
    databaseUrl: undefined,
    publicUrl: 'http://127.0.0.1:8080',
    metaUrl: 'https://graph.facebook.com',
    metaVersion: 'v25.0',
    metaAppSecrets: [],
    metaVerifyToken: undefined,
    roles: new Set(ROLES),
    processes: 1,
    retentionDays: 30,
    allowNetworks: [],
    trustedProxies: [],
    adminKey: undefined,
    devApiKey: undefined,
    rateLimits: 'infobip',
    sandboxState: undefined,
    sandboxToken: undefined,
    mediaStore: { kind: 'folder', folder: resolve('.parley/media') },
    mediaScanner: undefined,
    linksPort: undefined,
    dnsServers: [],
    acme: undefined,
    geoFile: undefined,
    templateExamples: 'strict',
    traces: undefined,
    dev: false,
    crashPoint: undefined,
    logLevel: 'info',
    secretKey: KEY,
    otherSecretKeys: [],
  });
});

test('every problem is told at once, each with the name of its variable', () => {
  const wrong: Record<string, string> = {
    PARLEY_HOST: 'a b',
    PARLEY_PORT: '70000',
    PARLEY_SANDBOX_PORT: '-1',
    PARLEY_DATABASE_URL: 'mysql://x',
    PARLEY_PUBLIC_URL: 'ftp://x',
    PARLEY_META_URL: 'graph',
    PARLEY_META_VERSION: '25',
    PARLEY_SECRET_KEY: 'c2hvcnQ=',
    PARLEY_ROLES: 'api,cook',
    PARLEY_PROCESSES: '0',
    PARLEY_RETENTION_DAYS: '7',
    PARLEY_ALLOW_NETWORKS: '10.0.0.0/33',
    PARLEY_TRUSTED_PROXIES: 'lan',
    PARLEY_ADMIN_KEY: 'short',
    PARLEY_DEV_API_KEY: 'with space',
    PARLEY_RATE_LIMITS: 'some',
    PARLEY_LOG_LEVEL: 'loud',
  };
  const named = problemsOf(wrong).map((problem) => problem.split(' ')[0]);
  assert.deepEqual(named.sort(), Object.keys(wrong).sort());
});

test('without a secret key serve says how to make one, and other commands do not mind', () => {
  assert.match(problemsOf({}).join(), /^PARLEY_SECRET_KEY is required.*openssl rand -base64 32/);
  assert.equal(loadSettings({}).port, 8080);
});

test('no problem tells a secret', () => {
  const text = 'hush-hush-hush secret';
  const secrets = VARIABLES.filter((variable) => 'secret' in variable).map(({ name }) => name);
  assert.ok(secrets.length > 5);
  const env = Object.fromEntries(secrets.map((name) => [name, text]));
  assert.doesNotMatch(problemsOf(env).join('\n'), /hush/);
  assert.doesNotMatch(JSON.stringify(describeConfig(env)), /hush/);
});

test('reads lists, URLs and flags', () => {
  const env = {
    ...SECRET,
    PARLEY_META_APP_SECRET: 'new, old',
    PARLEY_META_URL: 'http://127.0.0.1:8090/',
    PARLEY_ALLOW_NETWORKS: '10.0.0.0/8, fd00::/8',
    PARLEY_ROLES: 'api',
    PARLEY_HOST: '::1',
  };
  const config = loadConfig(env, { roles: 'dispatch,deliver', processes: '4' });
  assert.deepEqual(config.metaAppSecrets, ['new', 'old']);
  assert.equal(config.metaUrl, 'http://127.0.0.1:8090');
  assert.deepEqual(config.allowNetworks, ['10.0.0.0/8', 'fd00::/8']);
  assert.deepEqual([...config.roles], ['dispatch', 'deliver']);
  assert.equal(config.processes, 4);
  assert.equal(config.publicUrl, 'http://[::1]:8080');
});

test('dev reaches loopback, has no rate limits, and takes what is set instead', () => {
  const dev = loadSettings({}, { dev: true });
  assert.deepEqual([dev.rateLimits, dev.allowNetworks, dev.dev], ['off', ['127.0.0.0/8', '::1/128'], true]);
  assert.equal(loadSettings({ PARLEY_RATE_LIMITS: 'infobip' }, { dev: true }).rateLimits, 'infobip');
});

test('a crash point is read in dev and refused elsewhere, as is one that does not exist', () => {
  const read = (text: string) => loadSettings({ PARLEY_CRASH_POINT: text }, { dev: true }).crashPoint;
  assert.deepEqual(read('accept.after:12'), { point: 'accept.after', hits: 12 });
  assert.deepEqual(read('deliver.answered'), { point: 'deliver.answered', hits: 1 });
  for (const text of ['nowhere', 'accept.after:0', 'accept.after:1:2'])
    assert.throws(() => read(text), /PARLEY_CRASH_POINT must be one of accept.before/);
  assert.throws(() => loadSettings({ PARLEY_CRASH_POINT: 'accept.after' }), /is for parley dev and tests only/);
});

test('every variable has a meaning and is described with the text in force', () => {
  const shown = describeConfig({ PARLEY_PORT: '1', PARLEY_ADMIN_KEY: 'k' });
  assert.deepEqual(
    shown.map(({ name }) => name),
    VARIABLES.map(({ name }) => name),
  );
  assert.ok(VARIABLES.every(({ meaning }) => meaning.length > 0));
  const find = (name: string) => shown.find((entry) => entry.name === name);
  assert.deepEqual([find('PARLEY_PORT')?.value, find('PARLEY_PORT')?.source], ['1', 'environment']);
  assert.deepEqual([find('PARLEY_HOST')?.value, find('PARLEY_HOST')?.source], ['127.0.0.1', 'default']);
  assert.equal(find('PARLEY_ADMIN_KEY')?.value, '***');
});

test('of several secret keys the first seals and the others open', () => {
  const other = Buffer.alloc(32, 9);
  const config = loadConfig({ PARLEY_SECRET_KEY: `${KEY.toString('base64')}, ${other.toString('base64')}` });
  assert.deepEqual([config.secretKey, config.otherSecretKeys], [KEY, [other]]);
  assert.match(
    problemsOf({ PARLEY_SECRET_KEY: `${KEY.toString('base64')},c2hvcnQ=` }).join(),
    /must be 32 bytes in base64, it has 5/,
  );
});

test('files are kept in a folder of the data directory, in another one, or in a bucket', () => {
  const storeOf = (env: Environment) => loadConfig({ ...SECRET, ...env }).mediaStore;
  assert.deepEqual(storeOf({ PARLEY_DATA_DIR: '/data' }), { kind: 'folder', folder: '/data/media' });
  assert.deepEqual(storeOf({ PARLEY_DATA_DIR: '/data', PARLEY_MEDIA_STORE: '/files' }), {
    kind: 'folder',
    folder: '/files',
  });
  const keys = { PARLEY_MEDIA_S3_ACCESS_KEY: 'AK', PARLEY_MEDIA_S3_SECRET_KEY: 'SK' };
  assert.deepEqual(storeOf({ PARLEY_MEDIA_STORE: 'https://s3.example/bucket/in/', ...keys }), {
    kind: 's3',
    url: 'https://s3.example/bucket/in',
    region: 'us-east-1',
    accessKey: 'AK',
    secretKey: 'SK',
  });
});

test('certificates are ordered where a CA is named and its terms are agreed to', () => {
  const named = { ...SECRET, PARLEY_ACME_DIRECTORY: 'https://ca.example/directory', PARLEY_ACME_TERMS: 'agreed' };
  assert.deepEqual(loadConfig(named).acme, {
    directory: 'https://ca.example/directory',
    email: undefined,
    binding: undefined,
    port: 8443,
    hasPublicHost: false,
    caFile: undefined,
  });
  const more = { PARLEY_ACME_EMAIL: 'ops@shop.example', PARLEY_ACME_PUBLIC_HOST: 'on', PARLEY_ACME_CA_FILE: '/ca.pem' };
  const { email, hasPublicHost, caFile } = loadConfig({ ...named, ...more }).acme ?? {};
  assert.deepEqual([email, hasPublicHost, caFile], ['ops@shop.example', true, '/ca.pem']);
  assert.equal(loadConfig({ ...SECRET, ...more }).acme, undefined);
  const bound = { PARLEY_ACME_EAB_KEY_ID: 'kid-1', PARLEY_ACME_EAB_HMAC_KEY: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajV' };
  assert.deepEqual(loadConfig({ ...named, ...bound }).acme?.binding, {
    keyId: 'kid-1',
    hmacKey: bound.PARLEY_ACME_EAB_HMAC_KEY,
  });
  assert.match(problemsOf({ ...named, PARLEY_ACME_EAB_KEY_ID: 'kid-1' }).join(), /^PARLEY_ACME_EAB_HMAC_KEY must be/);
  const wrong = {
    PARLEY_ACME_DIRECTORY: 'http://ca.example',
    PARLEY_ACME_TERMS: 'perhaps',
    PARLEY_ACME_EMAIL: 'a@b,c@d',
    PARLEY_ACME_PORT: 'https',
    PARLEY_ACME_PUBLIC_HOST: 'yes',
  };
  assert.deepEqual(
    problemsOf({ ...SECRET, ...wrong }).map((problem) => problem.split(' ')[0]),
    Object.keys(wrong),
  );
});

test('a bucket needs its name and both keys, a scanner its port', () => {
  const problems = problemsOf({
    ...SECRET,
    PARLEY_MEDIA_STORE: 'https://s3.example',
    PARLEY_MEDIA_SCANNER: 'clamav',
  });
  assert.deepEqual(
    problems.map((problem) => problem.split(' ')[0]),
    ['PARLEY_MEDIA_STORE', 'PARLEY_MEDIA_S3_ACCESS_KEY', 'PARLEY_MEDIA_S3_SECRET_KEY', 'PARLEY_MEDIA_SCANNER'],
  );
});

test('traces go to a collector that is named, with its headers decoded, and wrong ones are told without their values', () => {
  const env = { ...SECRET, PARLEY_OTLP_ENDPOINT: 'http://127.0.0.1:4318/' };
  assert.deepEqual(loadConfig(env).traces, { endpoint: 'http://127.0.0.1:4318', headers: {}, ratio: 1 });
  const more = { PARLEY_OTLP_HEADERS: 'authorization=Basic%20abc, x-a=1', PARLEY_TRACES_RATIO: '0.05' };
  assert.deepEqual(loadConfig({ ...env, ...more }).traces, {
    endpoint: 'http://127.0.0.1:4318',
    headers: { authorization: 'Basic abc', 'x-a': '1' },
    ratio: 0.05,
  });
  const wrong = { PARLEY_OTLP_HEADERS: 'secret=a%0ab', PARLEY_TRACES_RATIO: '2' };
  assert.throws(
    () => loadConfig({ ...env, ...wrong }),
    (error) => error instanceof ConfigError && error.problems.length === 2 && !error.message.includes('%0ab'),
  );
});
