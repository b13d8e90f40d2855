import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_SHA256, signS3 } from './s3-signature.js';

// Examples of AWS's own documents (Signature Version 4, "Examples: Signature Calculations").
const identity = {
  region: 'us-east-1',
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const now = Date.parse('2013-05-24T00:00:00Z');
const host = 'https://examplebucket.s3.amazonaws.com';

function signatureOf(path: string, headers: Record<string, string>): string {
  const url = new URL(path, host);
  const signed = signS3({ method: 'GET', url, headers, bodySha256: EMPTY_SHA256 }, identity, now);
  return /Signature=(\w+)$/.exec(signed.authorization ?? '')?.[1] ?? '';
}

test("signs a part of an object as AWS's example does", () => {
  const signature = signatureOf('/test.txt', { range: 'bytes=0-9' });
  assert.equal(signature, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
});

test("signs a listing with a query as AWS's example does", () => {
  const signature = signatureOf('/?max-keys=2&prefix=J', {});
  assert.equal(signature, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
});

test("signs a query without value as AWS's example does", () => {
  const signature = signatureOf('/?lifecycle', {});
  assert.equal(signature, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543');
});
