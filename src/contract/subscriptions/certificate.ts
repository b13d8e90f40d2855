// Client certificates as they are uploaded (Infobip 5: CertificateUploadRequest).
import { Type } from 'typebox';
import { addViolation, type Violations } from '../readers.js';
import { compileValidator } from '../validate.js';
import { clientId } from './fields.js';

/** A chain of certificates with its key is far smaller; the body limit is 1 MiB. */
const CONTENT_LENGTH_MAX = 200_000;
const PASSPHRASE_LENGTH_MAX = 1_024;
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/** Body of POST /certificates. Content and passphrase are base64. */
export const certificateSchema = Type.Object({
  certificateId: clientId,
  certificateContent: Type.String({
    minLength: 1,
    maxLength: CONTENT_LENGTH_MAX,
    description: 'Base64 of PEM with a certificate and its private key, or of PKCS#12',
  }),
  passphrase: Type.Optional(Type.String({ maxLength: PASSPHRASE_LENGTH_MAX, description: 'Base64' })),
});

/** Reads POST /certificates. */
export const validateCertificate = compileValidator(certificateSchema, {
  crossCheck({ certificateContent, passphrase }, violations) {
    checkBase64(certificateContent, 'certificateContent', violations);
    checkBase64(passphrase, 'passphrase', violations);
  },
});

/** Body of POST /certificates/test/webhook. */
export const certificateTestSchema = Type.Object({
  certificateId: clientId,
  webhookUrl: Type.String({ minLength: 1, maxLength: 2048, 'x-format': 'http-url' }),
});

/** Reads POST /certificates/test/webhook. */
export const validateCertificateTest = compileValidator(certificateTestSchema);

function checkBase64(text: string | undefined, path: string, violations: Violations): void {
  if (text !== undefined && !BASE64.test(text)) addViolation(violations, path, 'must be base64');
}
