import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limited, MultipartError, readForm, textOf } from './multipart.js';

const TYPE = 'multipart/form-data; boundary="b-b"';
const BODY = [
  'preamble\r\n--b-b\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n',
  '--b-b\r\ncontent-disposition: form-data; name="empty"\r\n\r\n\r\n',
  '--b-b\r\nContent-Disposition: form-data; name="file"; filename="a %22b%22.txt"\r\nContent-Type: text/plain\r\n\r\n',
  'two\r\n--b-\r\nthree\r\n--b-b--\r\nepilogue',
].join('');

async function* inChunks(text: string, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
}

test('reads the same parts however the body is cut', async () => {
  for (let size = 1; size <= BODY.length; size++) {
    const parts: unknown[] = [];
    for await (const part of readForm(inChunks(BODY, size), TYPE)) {
      parts.push([part.name, part.filename, part.contentType, await textOf(part, 100)]);
    }
    assert.deepEqual(
      parts,
      [
        ['a', null, null, 'one'],
        ['empty', null, null, ''],
        ['file', 'a "b".txt', 'text/plain', 'two\r\n--b-\r\nthree'],
      ],
      `chunks of ${size}`,
    );
  }
});

test('goes on with the next part when a part was not read, or not to its end', async () => {
  const names: string[] = [];
  for await (const part of readForm(inChunks(BODY, 5), TYPE)) {
    names.push(part.name);
    if (part.name !== 'file') continue;
    for await (const _ of part.chunks) break;
  }
  assert.deepEqual(names, ['a', 'empty', 'file']);
});

test('refuses what is no form, what breaks off anywhere, and what is too long', async () => {
  const read = async (source: AsyncIterable<Buffer>, type = TYPE): Promise<void> => {
    for await (const part of readForm(source, type)) await textOf(part, 10);
  };
  await assert.rejects(read(inChunks(BODY, 9), 'multipart/form-data'), MultipartError);
  await assert.rejects(read(inChunks(BODY, 9)), /file is too long/);
  const end = BODY.indexOf('--b-b--');
  for (let length = 0; length < end; length += 7) {
    await assert.rejects(read(inChunks(BODY.slice(0, length), 9)), MultipartError, `${length} bytes`);
  }
  await assert.rejects(read(limited(inChunks(BODY, 9), 20)), /too large/);
});
