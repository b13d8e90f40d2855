// Handles of uploaded example files: opaque to clients, known again by their signature, usable with one app only (Meta 3).
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { App } from '../records.js';

/** Types of files that each format of a header takes (Meta 3, 4.3). */
const TYPES_OF: Readonly<Record<string, readonly string[]>> = {
  IMAGE: ['image/jpeg', 'image/jpg', 'image/png'],
  VIDEO: ['video/mp4'],
  GIF: ['video/mp4'],
  DOCUMENT: ['application/pdf'],
};

/** The handle of a complete upload. */
export function newHandle(app: App, uploadId: string, fileType: string): string {
  const inner = Buffer.from(`${fileType}|${uploadId}`).toString('base64url');
  return `4::${inner}:${signatureOf(app, inner)}`;
}

/** Whether the handle was given to the app, for a file that a header of that format takes. */
export function isOwnHandle(app: App, handle: string, format: string): boolean {
  const [, inner, signature] = /^4::([\w-]+):([\w-]+)$/.exec(handle) ?? [];
  if (inner === undefined || signature === undefined) return false;
  const [given, expected] = [Buffer.from(signature), Buffer.from(signatureOf(app, inner))];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
  const [fileType = ''] = Buffer.from(inner, 'base64url').toString().split('|');
  return TYPES_OF[format]?.includes(fileType) === true;
}

function signatureOf(app: App, inner: string): string {
  return createHmac('sha256', `${app.appSecret}:handle`).update(inner).digest('base64url');
}
