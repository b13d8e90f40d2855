// Download URLs of media: signed with the app's secret, good for five minutes of the sandbox's clock (Meta 3).
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { App, Media } from '../records.js';

/** The path of downloads, as on Meta's own host. */
export const DOWNLOAD_PATH = '/whatsapp_business/attachments';
const URL_SECONDS = 5 * 60;

/** A URL under `origin` from which the app can download the media for five minutes. */
export function downloadUrl(origin: string, app: App, media: Media, nowMs: number): string {
  const expiry = String(Math.floor(nowMs / 1000) + URL_SECONDS);
  const query = new URLSearchParams({ mid: media.id, ext: expiry, hash: hashOf(app, media.id, expiry) });
  return `${origin}${DOWNLOAD_PATH}/?${query}`;
}

/** Whether the URL with these parameters was made for the app and is still good. */
export function isGoodUrl(
  app: App,
  { mid, ext, hash }: Record<'mid' | 'ext' | 'hash', string>,
  nowMs: number,
): boolean {
  const expected = Buffer.from(hashOf(app, mid, ext));
  const given = Buffer.from(hash);
  return given.length === expected.length && timingSafeEqual(given, expected) && Number(ext) * 1000 > nowMs;
}

function hashOf(app: App, id: string, expiry: string): string {
  return createHmac('sha256', app.appSecret).update(`${id}:${expiry}`).digest('base64url');
}

/** Under which address apps reach the sandbox: as they last called it, else as it listens. */
export interface Origins {
  of(appToken: string): string;
  saw(appToken: string, origin: string): void;
  /** Sets the address that is listened on. */
  listening(url: string): void;
}

/** No address known. */
export function createOrigins(): Origins {
  const seen = new Map<string, string>();
  let own = '';
  return {
    of: (appToken) => seen.get(appToken) ?? own,
    saw(appToken, origin) {
      if (seen.get(appToken) !== origin) seen.set(appToken, origin);
    },
    listening(url) {
      own = url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
    },
  };
}
