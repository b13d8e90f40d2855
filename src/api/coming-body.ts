// A body that is passed on while it comes: bounded, never held, and read away to its end if nobody wants the rest.
import type { IncomingMessage } from 'node:http';

/** A body on its way. */
export interface ComingBody {
  /** Throws when the client goes away, and when more or nothing comes: then `problem` says so. To be read once. */
  bytes: AsyncIterable<Buffer>;
  /** As Content-Length has it; undefined when nobody knows. */
  length: number | undefined;
  problem(): 'tooLarge' | 'empty' | undefined;
}

/** Begins with the body of a request, of at most `bytesMax` bytes. */
export function comingBody(request: IncomingMessage, bytesMax: number): ComingBody {
  const told = request.headers['content-length'];
  const length = told === undefined ? undefined : Number(told);
  const state: { problem: ReturnType<ComingBody['problem']> } = { problem: undefined };
  if (length === 0) state.problem = 'empty';
  if (length !== undefined && length > bytesMax) state.problem = 'tooLarge';
  const stop = (problem: 'tooLarge' | 'empty'): Error => {
    state.problem = problem;
    return new Error(`a body that is ${problem}`);
  };
  async function* pass(): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      // Its end is not the end of the connection, on which the answer is still to go.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        if (!Buffer.isBuffer(chunk)) throw new TypeError('a body gives buffers');
        bytes += chunk.length;
        if (bytes > bytesMax) throw stop('tooLarge');
        yield chunk;
      }
      if (bytes === 0) throw stop('empty');
    } finally {
      request.resume();
    }
  }
  return { bytes: pass(), length, problem: () => state.problem };
}
