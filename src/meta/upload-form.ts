// The multipart form of an upload to Meta (Meta 3), made around the bytes as they come.
import { randomBytes } from 'node:crypto';

/** A form to be posted. */
export interface UploadForm {
  contentType: string;
  /** Of the whole form; undefined when that of the file is. */
  length: number | undefined;
  chunks: AsyncIterable<Buffer>;
}

/** The file of a form. */
export interface FormFile {
  mimeType: string;
  bytes: AsyncIterable<Buffer>;
  length: number | undefined;
}

/** What could end a header, and with it the part. */
const UNSAFE = /[^\x20-\x7e]/g;

/** The form; its boundary is random, so that no file can hold it. */
export function uploadForm({ mimeType, bytes, length }: FormFile): UploadForm {
  const boundary = `parley-${randomBytes(18).toString('hex')}`;
  const type = mimeType.replace(UNSAFE, '');
  const field = (name: string, value: string): string =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const head = Buffer.from(
    `${field('messaging_product', 'whatsapp')}${field('type', type)}--${boundary}\r\n` +
      `content-disposition: form-data; name="file"; filename="file"\r\ncontent-type: ${type}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: length === undefined ? undefined : head.length + length + tail.length,
    chunks: around(head, bytes, tail),
  };
}

async function* around(head: Buffer, bytes: AsyncIterable<Buffer>, tail: Buffer): AsyncGenerator<Buffer> {
  yield head;
  yield* bytes;
  yield tail;
}

/** The form that carries Flow JSON (Meta 5.1), as it comes. */
export function flowJsonForm({ bytes, length }: Omit<FormFile, 'mimeType'>): UploadForm {
  const boundary = `parley-${randomBytes(18).toString('hex')}`;
  const part = (name: string, more = ''): string =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`;
  const fields = `${part('name')}flow.json\r\n${part('asset_type')}FLOW_JSON\r\n`;
  const head = Buffer.from(fields + part('file', '; filename="flow.json"\r\ncontent-type: application/json'));
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: length === undefined ? undefined : head.length + length + tail.length,
    chunks: around(head, bytes, tail),
  };
}
