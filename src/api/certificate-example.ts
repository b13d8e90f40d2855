// The certificate of the API page, so that its example can be sent as it stands. Made for this page; it opens nothing anywhere.

/** Self-signed, CN=client.example, good until 2126, its key under the passphrase `example`; PEM. */
const PEM = `
-----BEGIN CERTIFICATE-----
MIIBijCCAS+gAwIBAgIUSPqLO53KD2fPOnI4jVBsXyU5NlIwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOY2xpZW50LmV4YW1wbGUwIBcNMjYxMTIzMDQ0MjU4WhgPMjEy
NjEwMzAwNDQyNThaMBkxFzAVBgNVBAMMDmNsaWVudC5leGFtcGxlMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEKw5YoluCvq9B70gwnn1Du6ZI2lV9uqECbFXt9lSw
DeWBYifG1fdmCk6OZZMEX1ht86SvfpIwJh5moS+J8UaaH6NTMFEwHQYDVR0OBBYE
FKhZvQbp7s103zLjUIUnl6HczR1CMB8GA1UdIwQYMBaAFKhZvQbp7s103zLjUIUn
l6HczR1CMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAO/5KtB0
GT4YGr7D+/25aFl8NsYuHRadF/k3dUkw7ZVuAiEA+MGlvBqJ2j0Xhe68I95/zbWK
hekNyPw4vX9Fhb+fmU4=
-----END CERTIFICATE-----
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhvlog1J+1vxQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJ4hF0+XVmTvibw8jGRcxQ4EgZCQ
MUtmtLvyiSFKHF2vHFX07fOEB2K5icSvDCQJpjrZ/PePdnnFYdQgn3Oc9MlS06o+
UXQhn1N/+UrHdTxnBF9l0j0238Re6TyeGxtnZURDar6nrWVA4iIHeAgsEJmVD6C9
DHSvVgtYjZNi/oWvtnVsIF10muaSVgpZ7zjBIoRVHc7raVXwgEI8FTo0XjSLcd8=
-----END ENCRYPTED PRIVATE KEY-----
`;

/** The body of an upload: content and passphrase in base64. */
export const certificateExample = {
  certificateId: 'c-1',
  certificateContent: Buffer.from(PEM.trimStart()).toString('base64'),
  passphrase: Buffer.from('example').toString('base64'),
} as const;
