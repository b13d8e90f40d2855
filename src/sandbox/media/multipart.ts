// multipart/form-data as a stream: parts come one after the other, a file is never held whole.

/** One part of a form. `chunks` must be read, if at all, before the next part is asked for. */
export interface FormPart {
  name: string;
  filename: string | null;
  contentType: string | null;
  chunks: AsyncIterable<Buffer>;
}

/** A body that is no multipart/form-data, or ends too early. */
export class MultipartError extends Error {}

const HEADERS_BYTES_MAX = 16 * 1024;
const PARTS_MAX = 50;
const HEADERS_END = '\r\n\r\n';

/** The parts of a body whose Content-Type header is `contentType`. Throws MultipartError on a body that is none, on more than 50 parts, and when it breaks off. */
export async function* readForm(source: AsyncIterable<Buffer>, contentType: string): AsyncGenerator<FormPart> {
  const boundary = /boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(contentType);
  const text = boundary?.[1] ?? boundary?.[2];
  if (text === undefined) throw new MultipartError('no boundary');
  const input = createInput(source);
  const delimiter = Buffer.from(`\r\n--${text}`);
  await skipTo(input, delimiter);
  for (let parts = 0; await startsPart(input); parts++) {
    if (parts === PARTS_MAX) throw new MultipartError('too many parts');
    input.isInPart = true;
    yield { ...(await readHeaders(input)), chunks: upTo(input, delimiter) };
    if (input.isInPart) await skipTo(input, delimiter);
  }
  while (await input.more()) input.buffer = Buffer.alloc(0);
}

/** The text of a part. Throws MultipartError when it is longer than `bytesMax`. */
export async function textOf(part: FormPart, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of part.chunks) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new MultipartError(`${part.name} is too long`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The body with a limit: throws MultipartError after `bytesMax` bytes. */
export async function* limited(source: AsyncIterable<Buffer>, bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new MultipartError('the body is too large');
    yield chunk;
  }
}

interface Input {
  buffer: Buffer;
  /** Whether the delimiter that ends the part was not met yet: its reader may have stopped early. */
  isInPart: boolean;
  /** Appends the next chunk to the buffer; false at the end. */
  more(): Promise<boolean>;
}

/** The first delimiter may stand at the very start, without the line break that the others begin with. */
function createInput(source: AsyncIterable<Buffer>): Input {
  const iterator = source[Symbol.asyncIterator]();
  const input: Input = {
    buffer: Buffer.from('\r\n'),
    isInPart: false,
    async more() {
      const next = await iterator.next();
      if (next.done === true) return false;
      input.buffer = input.buffer.length === 0 ? next.value : Buffer.concat([input.buffer, next.value]);
      return true;
    },
  };
  return input;
}

/** What comes before the delimiter, which is taken away. */
async function* upTo(input: Input, delimiter: Buffer): AsyncGenerator<Buffer> {
  for (;;) {
    const at = input.buffer.indexOf(delimiter);
    if (at >= 0) {
      const last = input.buffer.subarray(0, at);
      input.buffer = input.buffer.subarray(at + delimiter.length);
      input.isInPart = false;
      if (last.length > 0) yield last;
      return;
    }
    const safe = input.buffer.length - delimiter.length + 1;
    if (safe > 0) {
      const chunk = input.buffer.subarray(0, safe);
      input.buffer = input.buffer.subarray(safe);
      yield chunk;
    }
    if (!(await input.more())) throw new MultipartError('the body breaks off');
  }
}

async function skipTo(input: Input, delimiter: Buffer): Promise<void> {
  for await (const _ of upTo(input, delimiter)) {
    // Read only to get past it.
  }
}

/** After a delimiter: whether a part follows; `--` ends the form. */
async function startsPart(input: Input): Promise<boolean> {
  while (input.buffer.length < 2) if (!(await input.more())) throw new MultipartError('the body breaks off');
  const mark = input.buffer.toString('latin1', 0, 2);
  if (mark !== '\r\n' && mark !== '--') throw new MultipartError('a broken delimiter');
  return mark === '\r\n';
}

async function readHeaders(input: Input): Promise<Omit<FormPart, 'chunks'>> {
  let end = input.buffer.indexOf(HEADERS_END);
  while (end < 0) {
    if (input.buffer.length > HEADERS_BYTES_MAX) throw new MultipartError('headers too long');
    if (!(await input.more())) throw new MultipartError('the body breaks off');
    end = input.buffer.indexOf(HEADERS_END);
  }
  const text = input.buffer.toString('utf8', 0, end);
  input.buffer = input.buffer.subarray(end + HEADERS_END.length);
  const disposition = /^content-disposition:\s*form-data\b(.*)$/im.exec(text)?.[1] ?? '';
  const name = parameterOf(disposition, 'name');
  if (name === null) throw new MultipartError('a part without name');
  return {
    name,
    filename: parameterOf(disposition, 'filename'),
    contentType: /^content-type:\s*(.+?)\s*$/im.exec(text)?.[1] ?? null,
  };
}

function parameterOf(disposition: string, name: string): string | null {
  const found = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(disposition);
  const text = found?.[1] ?? found?.[2];
  return text === undefined
    ? null
    : text
        .replace(/\\(.)/g, '$1')
        .replace(/%22/g, '"')
        .replace(/%0D%0A/g, '\r\n');
}
