// Where this gateway is reached from outside: what links, callbacks and the URLs of files begin with.
import { mediaPath } from '../api/media.js';
import type { MediaUrl } from '../pipeline/report.js';

/** The gateway's address. */
export interface PublicAddress {
  /** Base URL without a final slash; empty before `listening` when the port is any free one. */
  publicUrl(): string;
  /** Where customers get the files of inbound messages. */
  mediaUrl: MediaUrl;
  /** Told once where the gateway listens. */
  listening(url: string): void;
}

/** `configured` counts, unless it leaves the port open. */
export function createPublicAddress(configured: string): PublicAddress {
  let url = '';
  const publicUrl = (): string => (configured.endsWith(':0') ? url : configured);
  return {
    publicUrl,
    mediaUrl: (sender, id) => `${publicUrl()}${mediaPath(sender, id)}`,
    listening(listened) {
      url = listened;
    },
  };
}
