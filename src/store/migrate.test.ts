import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Migration, MigrationRefused, pendingMigrations, readMigrations } from './migrate.js';

const ONE: Migration = { version: 1, name: 'one', sql: 'SELECT 1', sha256: 'aa' };
const TWO: Migration = { version: 2, name: 'two', sql: 'SELECT 2', sha256: 'bb' };

test('what was applied is not pending', () => {
  assert.deepEqual(pendingMigrations([ONE, TWO], []), [ONE, TWO]);
  assert.deepEqual(pendingMigrations([ONE, TWO], [ONE]), [TWO]);
  assert.deepEqual(pendingMigrations([ONE, TWO], [ONE, TWO]), []);
});

test('refuses a database newer than the code, in one line', () => {
  assert.throws(() => pendingMigrations([ONE], [ONE, TWO]), {
    name: 'MigrationRefused',
    message: /^the database is at schema 2 and this Parley knows 1: .*newer Parley/,
  });
});

test('refuses edited history', () => {
  const edited = { ...ONE, sha256: 'cc' };
  assert.throws(
    () => pendingMigrations([edited, TWO], [ONE]),
    (error) => error instanceof MigrationRefused && /migration 1 \(one\) was changed/.test(error.message),
  );
});

test('refuses files that are not numbered one by one', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-migrations-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, '0001_first.sql'), 'SELECT 1');
  assert.deepEqual(
    readMigrations(folder).map(({ version, name }) => [version, name]),
    [[1, 'first']],
  );
  writeFileSync(join(folder, '0003_third.sql'), 'SELECT 3');
  assert.throws(() => readMigrations(folder), /0001, 0002/);
  rmSync(join(folder, '0003_third.sql'));
  writeFileSync(join(folder, 'second.sql'), 'SELECT 2');
  assert.throws(() => readMigrations(folder), /second\.sql is not named/);
});

test('the repository has migrations, each with a name', () => {
  const migrations = readMigrations();
  assert.ok(migrations.length > 0);
  assert.ok(migrations.every(({ sql, name }) => sql.length > 0 && name.length > 0));
});
