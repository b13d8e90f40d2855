// Certificates as customers upload them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCertificate, readClientCertificate, writeCertificate } from './client-certificate.js';

// Made with OpenSSL, valid for 100 years: CN=client.example, serial number 0A1B2C.
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUKgAwIBAgIDChssMAoGCCqGSM49BAMCMCsxEDAOBgNVBAoMB0V4YW1w
bGUxFzAVBgNVBAMMDmNsaWVudC5leGFtcGxlMCAXDTI2MTEyMjIyMjUxM1oYDzIx
MjYxMDI5MjIyNTEzWjArMRAwDgYDVQQKDAdFeGFtcGxlMRcwFQYDVQQDDA5jbGll
bnQuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKNv5BLWvqLYjMFN
IL/tKvLGebRgB6vFQcwpj1UCRDODHKLeNjpibq+6WgviVo7E08ctKmyUXtGwyuvP
X6n5uxijUzBRMB0GA1UdDgQWBBSEo3Cau/fcQlbemj3AEhF0elhYIjAfBgNVHSME
GDAWgBSEo3Cau/fcQlbemj3AEhF0elhYIjAPBgNVHRMBAf8EBTADAQH/MAoGCCqG
SM49BAMCA0cAMEQCIG9lsEeOQyOg34VeMekphedOZsLhieHrDMWzSrE5EDrXAiBA
rmqjcYbuVyqZ+rYgjMvtS0+6laynIY9X9QpYadKUPA==
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIAKgpDXHybYHDh0/NKSknQo9oHUBKls4nLI67E0O7p19oAoGCCqGSM49
AwEHoUQDQgAEo2/kEta+otiMwU0gv+0q8sZ5tGAHq8VBzCmPVQJEM4Mcot42OmJu
r7paC+JWjsTTxy0qbJRe0bDK689fqfm7GA==
-----END EC PRIVATE KEY-----
`;
const ENCRYPTED_KEY = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgeIPTARGvbVwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEO4Fa2nP5SM2JQ3xjG+VXU0EgZBR
2FJ0kwmNHoyTu2kO7fNzsdfbs4Uda4NYO3IZTY46g0oeGjXtJzhCn2OoglpRn6WK
+PwfRMqTfG/lSYQfViLZvnaVEYVFpm0RtMzO0+3XYbWvQM9iirzpWnOBY8wgsMyO
bEns7sVOv0p0acMxZJaHSqlKzCH4jCREyU6Ov5w7HjiNXg7/3Vvlbf7nvEFRKeo=
-----END ENCRYPTED PRIVATE KEY-----
`;
const OTHER_KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEICEgPSaIyuDBGo2JXCv7yFs70+JqP5n9+5fhewxcK5QOoAoGCCqGSM49
AwEHoUQDQgAEPofzku8ZxTpNDfd67VKVnR33eAibAIpfIBDwgnrTtcvnNhy0HQZd
ot+9vF/m/FFbv3rtHyKgjOu4qPGChA2Sjw==
-----END EC PRIVATE KEY-----
`;
const PKCS12 =
  'MIIELAIBAzCCA+IGCSqGSIb3DQEHAaCCA9MEggPPMIIDyzCCAoIGCSqGSIb3DQEHBqCCAnMwggJvAgEAMIICaAYJKoZIhvcNAQcBMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiFSz34iJfL3AICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHDFiZNrRdbMzidDY+q9m/OAggIAh3oFlhb4aqfZnxnsQ/7A4YMMNXWL357i6+xhHIZdRb/qxnO7tbZE5PhuHXkwbjnuyZnwOX6xHiSq0UfXAzihESwvl2dVm3eBcpQTnqPPc/Y1xNJIN4yv1rBnZ9XWKKzm4bE4uXt76c2sc2dn1B4et0ogi3KJwc1X+R3e9WIRB0O5hb7FB8rUEzauDrAdSP0+lGNiDr2eJoaTBdK1Hv3z9iDhN/MxPdGZBQ8l1hPMGnwgI64TIbYtQ3QnEuxH8uHiKQRfoyiS6+YDuncB48Zc4Sh6dUqe82i+ehBfIk8l5/IYurbnIfnFKIP/jcNj8m2/oeZA3G4WpsgGCE9iOKn3pNWHU27j0mdihWSME2PxLM4oOGy+cUv9VXgyKUnL+iRXR9AwRCo0W04j5BAK9CJm+Moi22L9p2ZK7gpbys2R62Mp+cxCVsJ8R4mFQRrl4cmldP2PGTr1oWasMU24vqGVlMoL+acHisHc3EMCBhGpTvUiUSShkf17XL9pJsHcW+ft0YdW0qtNHy6j5of0a5Dyl2k25lu+vU5CvlvgDLGwc6jJVbRD6b/YTDQweH6pzJfJcmWzVxWHKK5L8i/qoU8EyTMn4yOR+ic0+Sh0GVylTllBUNXCdq1pCgdqcdRRFroqQxRnhlDIK7Jqqd2/FyJoM14Fk6z6z+9NvC0sZw73KAQwggFBBgkqhkiG9w0BBwGgggEyBIIBLjCCASowggEmBgsqhkiG9w0BDAoBAqCB7zCB7DBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIK7sKvliuUgYCAggAMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBn7PwsQzGw0UB5p7EN/ZH7BIGQNqaLBL5B6vQDZbwtBoms5/jOkOITIy6a268DimkG5InUXSLO4KPMoUC5tWc+4laAVx6tLPOQDimukgNuVRlTMpk4Wn9gFp7YenRf65HwWJC/b25DIHxPkKVMPKrApqppTgs5rbaE4xDmxlzNvmDEMQnrvWL4rVCweYNTBP0GjqMWsru6woQ+Z+a9Lq83zjXTMSUwIwYJKoZIhvcNAQkVMRYEFGA5A9WLVvSsAQV7JZPRGj85xx+dMEEwMTANBglghkgBZQMEAgEFAAQg/YjAqnVKvXs4HvDvgSGHFmTZZbyJ7M2L/W6T6pXYXwUECFS+gKbWxIuEAgIIAA==';
const PASSPHRASE = 'open-sesame';

const read = (content: string | Buffer, passphrase?: string) =>
  readClientCertificate({ content: Buffer.from(content), passphrase });

test('says the same of one certificate as PEM, with an encrypted key and as PKCS#12', async () => {
  const plain = await read(CERTIFICATE + KEY);
  assert.ok(plain.ok);
  assert.equal(plain.facts.issuedTo, 'O=Example, CN=client.example');
  assert.equal(plain.facts.issuedBy, plain.facts.issuedTo);
  assert.equal(plain.facts.serialNumber, '0A1B2C');
  assert.ok(plain.facts.validFrom < plain.facts.validUntil);
  assert.deepEqual(await read(ENCRYPTED_KEY + CERTIFICATE, PASSPHRASE), plain);
  assert.deepEqual(await read(Buffer.from(PKCS12, 'base64'), PASSPHRASE), plain);
});

test('refuses what has no key, the key of another, a wrong passphrase, and what is no certificate', async () => {
  const refused = [
    read(CERTIFICATE),
    read(CERTIFICATE + OTHER_KEY),
    read(KEY),
    read(CERTIFICATE + ENCRYPTED_KEY, 'wrong'),
    read(CERTIFICATE + ENCRYPTED_KEY),
    read(Buffer.from(PKCS12, 'base64'), 'wrong'),
    read('no certificate at all'),
    read(''),
  ];
  for (const answer of await Promise.all(refused)) assert.equal(answer.ok, false);
});

test('what is stored comes back as it was', () => {
  const pem = { content: Buffer.from(CERTIFICATE + KEY), passphrase: PASSPHRASE };
  const pkcs12 = { content: Buffer.from(PKCS12, 'base64') };
  for (const certificate of [pem, pkcs12])
    assert.deepEqual(readCertificate(writeCertificate(certificate)), certificate);
});
