// Meta's error codes (Meta 7.2): what each means for the message, as Infobip's error and status, and for the sender's stream.

/**
 * What to do after a synchronous refusal:
 * `never` the message has failed; `retry` again with growing delay; `retry-few` so five times in all,
 * `retry-once` twice in all, then failed;
 * `pair` and `number` again after 4^X s, X = 0, 1, 2 .., holding back that pair or that number;
 * `wait` again after `waitSeconds`; `lane` every message of the sender would meet it: pause all for `waitSeconds`.
 * A refusal that arrives later, as a `failed` status, is final whatever its class.
 */
export type RetryClass = 'never' | 'retry' | 'retry-few' | 'retry-once' | 'pair' | 'number' | 'wait' | 'lane';

/** What the gateway knows about one code of Meta. */
export interface MetaError {
  errorId: number;
  statusId: number;
  retry: RetryClass;
  /** For `wait` and `lane`: how long before the next try, in seconds; else 0. */
  waitSeconds: number;
}

/** Pause of a lane for credentials or configuration: a person must act, so a probe a minute is enough. */
const FIX_SECONDS = 60;
/** Pause for call limits, whose windows are an hour; the usage header may say better. */
const LIMIT_SECONDS = 60;
/** Pause for restrictions that Meta lifts after hours or days (spam, policy). */
const RESTRICTED_SECONDS = 900;

/** Refused by WhatsApp; could not reach the recipient; never sent. */
const REFUSED = 4;
const UNREACHED = 9;
const UNSENT = 31;
const UNREGISTERED = 18;

type Row = [codes: readonly number[], errorId: number, statusId: number, retry: RetryClass, waitSeconds?: number];

// Codes that only management calls or groups give (133004-133016, 139xxx, 1752041, 2388xxx ...) are here because an answer to a
// send may carry any of them one day; they are read as what they mean for a message.
const ROWS: readonly Row[] = [
  [[0, 104, 190], 7004, UNSENT, 'lane', FIX_SECONDS],
  [[3, 10, 131005], 7005, UNSENT, 'lane', FIX_SECONDS],
  [[1], 7050, REFUSED, 'retry-once'],
  [[2, 131016, 133004], 7050, REFUSED, 'retry'],
  [[131000], 7050, REFUSED, 'retry-few'],
  [[4, 613, 80007], 7017, UNSENT, 'lane', LIMIT_SECONDS],
  [[33], 7034, UNSENT, 'lane', FIX_SECONDS],
  [[100, 131008, 131009, 132008, 135000], 7006, REFUSED, 'never'],
  [[368, 131031], 7011, UNSENT, 'lane', RESTRICTED_SECONDS],
  [[130403], 7003, REFUSED, 'never'],
  [[130429], 7017, UNSENT, 'number'],
  [[131056], 7017, UNSENT, 'pair'],
  [[130472, 131049], 7032, UNREACHED, 'never'],
  [[130497], 7005, REFUSED, 'never'],
  [
    [131020, 131041, 131059, 131201, 131202, 131204, 131209, 131210, 131211, 131212, 131213, 131214, 131215],
    7006,
    REFUSED,
    'never',
  ],
  [[131207], 7021, REFUSED, 'never'],
  [[131208], 7017, REFUSED, 'retry'],
  [[131021], 351, REFUSED, 'never'],
  [[131026], 7002, UNREACHED, 'never'],
  [[131030], 579, UNREGISTERED, 'never'],
  [[131037, 131045, 133000, 133005, 133006, 133010], 7034, UNSENT, 'lane', FIX_SECONDS],
  [[131042], 7019, UNSENT, 'lane', FIX_SECONDS],
  [[131044], 7019, REFUSED, 'never'],
  [[131047], 7010, REFUSED, 'never'],
  [[131048], 7016, UNSENT, 'lane', RESTRICTED_SECONDS],
  [[131050], 7033, REFUSED, 'never'],
  [[131051], 7022, REFUSED, 'never'],
  [[131052, 131053], 7014, REFUSED, 'never'],
  [[131055], 7007, REFUSED, 'never'],
  [[131057, 2494100], 7050, UNSENT, 'lane', 60],
  [[131060], 7052, UNREACHED, 'never'],
  [[131062], 351, REFUSED, 'never'],
  [[131063], 7038, REFUSED, 'never'],
  [[131064], 7026, UNSENT, 'wait', 3600],
  [[132000, 132005, 132012, 132018], 7008, REFUSED, 'never'],
  [[132001, 132016], 7009, REFUSED, 'never'],
  [[132007], 7027, REFUSED, 'never'],
  [[132015], 7009, UNSENT, 'wait', 3600],
  [[132068], 7031, REFUSED, 'never'],
  [[132069], 7031, UNSENT, 'wait', 360],
  [[133008, 133009, 133015, 133016], 7034, UNSENT, 'lane', 300],
  [[134011], 7019, REFUSED, 'never'],
  [[134100], 7007, REFUSED, 'never'],
  [[134101], 7036, UNSENT, 'wait', 600],
  [[134102], 7037, REFUSED, 'never'],
  [[137000], 7029, REFUSED, 'never'],
  [[138004, 138007], 7050, REFUSED, 'retry-once'],
  [[138005, 138009, 138012], 7035, REFUSED, 'never'],
  [
    [138000, 138001, 138002, 138003, 138006, 138010, 138011, 138013, 138014, 138015, 138016, 138017, 138018],
    7021,
    REFUSED,
    'never',
  ],
  [[138019, 138020, 138021, 138022, 138023], 7052, UNREACHED, 'never'],
  [[139000, 139001, 139002, 139003, 139004, 139005, 139006], 7031, REFUSED, 'never'],
  [[139100, 139101, 139102, 139103], 7006, REFUSED, 'never'],
  [[2040], 7025, UNREACHED, 'never'],
  [[2046, 2047], 7023, REFUSED, 'never'],
  [[200005, 200006, 200007], 7021, REFUSED, 'never'],
  [[1752041, 2388001, 2388012, 2388091, 2388093, 2388103], 7012, REFUSED, 'never'],
  [[2388019, 2388040, 2388047, 2388072, 2388073, 2388293, 2388299], 7009, REFUSED, 'never'],
  [[2593079, 2593085, 2593107, 2593108], 7012, REFUSED, 'never'],
];

const table = new Map(ROWS.flatMap(([codes, ...rest]) => codes.map((code) => [code, toMetaError(rest)] as const)));

function toMetaError([errorId, statusId, retry, waitSeconds = 0]: [number, number, RetryClass, number?]): MetaError {
  return Object.freeze({ errorId, statusId, retry, waitSeconds });
}

/** 200 to 299: a permission of Graph itself is missing. */
const PERMISSION: MetaError = Object.freeze({
  errorId: 7005,
  statusId: UNSENT,
  retry: 'lane',
  waitSeconds: FIX_SECONDS,
});
/** A code that nobody told us of: once more, in case it is a passing fault, then it failed. */
const UNKNOWN: MetaError = Object.freeze({ errorId: 7052, statusId: REFUSED, retry: 'retry-once', waitSeconds: 0 });
/** 100 with subcode 33 in answer to a send: the number itself is not there for this token (Meta 0.4). */
const NUMBER_MISSING: MetaError = Object.freeze({
  errorId: 7034,
  statusId: UNSENT,
  retry: 'lane',
  waitSeconds: FIX_SECONDS,
});

/** What Meta's `code` (and `subcode`, where it changes the meaning) stands for. Never throws: unknown codes get a safe default. */
export function errorOf(code: number, subcode?: number): MetaError {
  if (code === 100 && subcode === 33) return NUMBER_MISSING;
  return table.get(code) ?? (code >= 200 && code <= 299 ? PERMISSION : UNKNOWN);
}

/** Every code that the table names, in its order. */
export const metaCodes: readonly number[] = ROWS.flatMap(([codes]) => codes);
