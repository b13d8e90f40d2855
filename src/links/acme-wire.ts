// How requests to a CA are made, in the form that the ACME library's HTTP client (axios) takes for an adapter: each with a timeout and a limit on its
// answer, none repeated. Every answer is handed on, whatever its status; a request without one says why.
import { rootCertificates } from 'node:tls';
import { Agent, request } from 'undici';

/** A request as axios has prepared it. */
interface AdapterRequest {
  url?: string;
  method?: string;
  headers?: object;
  data?: unknown;
}

/** An answer as axios goes on with it. */
interface AdapterAnswer {
  status: number;
  statusText: string;
  headers: Record<string, string | string[] | undefined>;
  data: string;
  config: AdapterRequest;
}

/** The way to CAs. */
export interface AcmeWire {
  adapter(config: AdapterRequest): Promise<AdapterAnswer>;
  close(): Promise<void>;
}

const REQUEST_MS = 15_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

/** Creates it. `ca`: CAs in PEM that may vouch for servers, beside the usual ones. */
export function createAcmeWire(ca: string | undefined): AcmeWire {
  const agent = new Agent({
    connect: { timeout: REQUEST_MS, ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) },
    maxResponseSize: ANSWER_BYTES_MAX,
  });
  return {
    async adapter(config) {
      const { url = '', method = 'GET', data } = config;
      try {
        const answer = await request(url, {
          method: methodOf(method),
          headers: headersOf(config.headers),
          body: typeof data === 'string' ? data : null,
          dispatcher: agent,
          signal: AbortSignal.timeout(REQUEST_MS),
        });
        const text = await answer.body.text();
        return { status: answer.statusCode, statusText: '', headers: answer.headers, data: text, config };
      } catch (error) {
        throw new Error(`the CA cannot be reached: ${whyOf(error)}`, { cause: error });
      }
    },
    close: () => agent.destroy(),
  };
}

function methodOf(text: string): 'GET' | 'HEAD' | 'POST' {
  const method = text.toUpperCase();
  return method === 'POST' || method === 'HEAD' ? method : 'GET';
}

function headersOf(given: object | undefined): Record<string, string> {
  const texts = Object.entries(given ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return [error.message, code].find((text) => text !== '') ?? error.name;
}
