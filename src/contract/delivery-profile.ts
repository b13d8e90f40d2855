// How reports are delivered to one place: what a notification profile says, secrets in clear. Everything that is absent has its default.

/** Hash functions of HMAC security (Infobip 4.5). */
export const HMAC_ALGORITHMS = [
  'HMAC_MD5',
  'HMAC_SHA_1',
  'HMAC_SHA_224',
  'HMAC_SHA_256',
  'HMAC_SHA_384',
  'HMAC_SHA_512',
] as const;
/** One of them. */
export type HmacAlgorithm = (typeof HMAC_ALGORITHMS)[number];

/** The body is signed with a shared key. Infobip publishes neither the header's name nor the encoding: both can be chosen. */
export interface HmacSecurity {
  type: 'HMAC';
  secretKey: string;
  algorithm: HmacAlgorithm;
  /** Default `X-Ib-Hmac-Signature`. */
  headerName?: string | undefined;
  /** Default `hex`, lower case. */
  encoding?: 'hex' | 'base64' | undefined;
}

/** A token of the customer's own authorization server; the fields of a token request (RFC 6749), sent as a form. */
export interface OauthSecurity {
  type: 'OAUTH';
  tokenUrl: string;
  grantType: string;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  scope?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  resource?: string | undefined;
  refreshToken?: string | undefined;
  /** Further headers of the token request. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** How a POST proves whose it is (Infobip 4.5, 5). */
export type DeliverySecurity =
  | { type: 'BASIC'; username: string; password: string }
  | HmacSecurity
  | OauthSecurity
  /** Infobip names the type and publishes nothing of it: the profile's own headers do it. */
  | { type: 'CUSTOM' };

/** A certificate to show to servers that ask for one: PEM with certificate and key, or PKCS#12 (DER). */
export interface ClientCertificate {
  content: Buffer;
  passphrase?: string | undefined;
}

/** A notification profile (Infobip 5) as delivery uses it. */
export interface DeliveryProfile {
  contentType?: string | undefined;
  security?: DeliverySecurity | undefined;
  clientCertificate?: ClientCertificate | undefined;
  /** Results of one POST at most, 1 to 2000; default 100. */
  maxBucketSize?: number | undefined;
  /** Requests in flight at most, 20 to 10000; default 20. */
  windowSize?: number | undefined;
  /** Ms to the first byte written; default 5000. */
  connectTimeout?: number | undefined;
  /** Ms from there to the end of the answer; default 10000. */
  readTimeout?: number | undefined;
  enabledSSLProtocols?: readonly ('TLSv1.2' | 'TLSv1.3')[] | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Replaces the test of the status: the whole of it must match. */
  responseRegex?: string | undefined;
  /** Must be found in the answer's body, of which 64 KiB are read. */
  responseBodyRegex?: string | undefined;
  /** Requests a second at most, 1 to 5000. */
  rateLimit?: number | undefined;
  /** Ours: reports on messages between one sender and one user arrive one after the other, each after the success of the one before. */
  isOrdered?: boolean | undefined;
  /** Ours: signing secrets (`whsec_...`) instead of the account's. */
  signingSecrets?: readonly string[] | undefined;
}
