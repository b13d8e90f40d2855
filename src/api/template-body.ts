// Bodies of template requests: JSON, or a form with the JSON in `template` and example files beside it.
import type { FastifyInstance } from 'fastify';
import { readJson, readJsonOnly } from './json.js';

/** What a request brought: the value of its JSON, and files by the media header they are for (`header`, `cards[0]`). */
export class TemplateBody {
  constructor(
    readonly value: unknown,
    readonly files: ReadonlyMap<string, Buffer>,
  ) {}
}

/** Forms are held in memory until Meta has their files: a header has at most 16 MB, a carousel shares the rest. */
const FORM_BYTES_MAX = 32 * 1024 * 1024;
const FORM = /^multipart\/form-data *;/i;
const SLOT = /^(header|cards\[[0-9]\])$/;
const NO_FILES: ReadonlyMap<string, Buffer> = new Map();

/** Makes `scope` take JSON and forms. Anything else is 415, what cannot be read 400. */
export function readTemplateBodies(scope: FastifyInstance): void {
  readJsonOnly(scope);
  scope.addContentTypeParser<Buffer>(
    FORM,
    { parseAs: 'buffer', bodyLimit: FORM_BYTES_MAX },
    async (request: { headers: { 'content-type'?: string | undefined } }, body: Buffer) => {
      const form = await readForm(body, request.headers['content-type'] ?? '');
      if (form === undefined) throw Object.assign(new Error('the form cannot be read'), { statusCode: 400 });
      return form;
    },
  );
}

/** The parts of a form; undefined when it is none, has no `template`, or one that is not JSON. Other fields are ignored. */
async function readForm(body: Buffer, contentType: string): Promise<TemplateBody | undefined> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    const template = form.get('template');
    if (template === null) return undefined;
    const text = typeof template === 'string' ? Buffer.from(template) : Buffer.from(await template.arrayBuffer());
    const read = readJson(text);
    const files = new Map<string, Buffer>();
    for (const [name, part] of form.entries())
      if (SLOT.test(name) && typeof part !== 'string') files.set(name, Buffer.from(await part.arrayBuffer()));
    return read.ok ? new TemplateBody(read.value, files) : undefined;
  } catch {
    return undefined;
  }
}

/** What a handler's `request.body` holds. */
export function templateBodyOf(body: unknown): TemplateBody {
  return body instanceof TemplateBody ? body : new TemplateBody(body, NO_FILES);
}
