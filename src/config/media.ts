// Where files that users send are kept, and who looks at them.
import { resolve } from 'node:path';
import { type Reader, readBaseUrl } from './reader.js';
import type { MediaStoreSettings } from './settings.js';

/** A folder, by default one under the data directory, or a bucket of S3. */
export function readMediaStore(reader: Reader): MediaStoreSettings {
  const text = reader.text('PARLEY_MEDIA_STORE');
  if (text === undefined || !/^https?:\/\//.test(text))
    return {
      kind: 'folder',
      folder: resolve(reader.text('PARLEY_DATA_DIR') ?? '.', text === undefined ? 'media' : resolve(text)),
    };
  const url = readBaseUrl(reader, 'PARLEY_MEDIA_STORE') ?? '';
  if (URL.canParse(url) && !/^(\/[A-Za-z0-9._-]+)+$/.test(new URL(url).pathname))
    reader.problem('PARLEY_MEDIA_STORE', 'must name a bucket: https://host/bucket');
  const accessKey = reader.text('PARLEY_MEDIA_S3_ACCESS_KEY') ?? '';
  const secretKey = reader.text('PARLEY_MEDIA_S3_SECRET_KEY') ?? '';
  if (accessKey === '') reader.problem('PARLEY_MEDIA_S3_ACCESS_KEY', 'must be set for files in S3');
  if (secretKey === '') reader.problem('PARLEY_MEDIA_S3_SECRET_KEY', 'must be set for files in S3');
  return { kind: 's3', url, region: reader.text('PARLEY_MEDIA_S3_REGION') ?? '', accessKey, secretKey };
}

/** `host:port` of a ClamAV daemon. */
export function readMediaScanner(reader: Reader): string | undefined {
  const text = reader.text('PARLEY_MEDIA_SCANNER');
  if (text !== undefined && !/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}$/.test(text))
    reader.problem('PARLEY_MEDIA_SCANNER', `must look like 127.0.0.1:3310, not "${text}"`);
  return text;
}
