// The words of templates: languages, states, categories and qualities, as Infobip spells them and as Meta does (Infobip 9, Meta 4.2).

/** What Infobip says when Meta's language is not in its list. */
const UNKNOWN = 'unknown';

/** Infobip's languages without `unknown`, which is for reads only (infobip-fields `Language`). */
export const LANGUAGES =
  'af sq ar ar_EG ar_AE ar_LB ar_MA ar_QA az bn bn_IN bg ca zh_CN zh_HK zh_TW hr cs da nl nl_BE en en_GB en_US en_AE en_AU en_CA en_GH en_IE en_IN en_JM en_MY en_NZ en_QA en_SG en_UG en_ZA et fil fi fr fr_BE fr_CA fr_CH fr_CI fr_MA ka de de_AT de_CH el gu ha he hi hu id ga it ja kn kk rw_RW ko ky_KG lo lv lt mk ms ml mr nb fa pl pt_BR pt_PT pa ro ru sr si_LK sk sl es es_AR es_CL es_CO es_CR es_DO es_EC es_HN es_MX es_PA es_PE es_ES es_UY sw sv ta te th tr uk ur uz vi zu'.split(
    ' ',
  );

const languages = new Set(LANGUAGES);

/** Meta's language code as Infobip's clients can read it: they throw on words they do not know (Infobip 13). */
export function languageFromWire(code: string): string {
  return languages.has(code) ? code : UNKNOWN;
}

/** What templates are for (Infobip 9). */
export const CATEGORIES = ['MARKETING', 'UTILITY', 'AUTHENTICATION'] as const;
/** One of `CATEGORIES`. */
export type Category = (typeof CATEGORIES)[number];

/** Meta's category; what is none of the three is taken for the strictest. */
export function categoryFromWire(category: string | undefined): Category {
  return CATEGORIES.find((known) => known === category?.toUpperCase()) ?? 'MARKETING';
}

/** Infobip's states of a template: neither PAUSED nor LIMIT_EXCEEDED is among them (Infobip 9). */
export const TEMPLATE_STATUSES = [
  'APPROVED',
  'IN_APPEAL',
  'PENDING',
  'REJECTED',
  'PENDING_DELETION',
  'DELETED',
  'REINSTATED',
  'FLAGGED',
  'FIRST_PAUSED',
  'SECOND_PAUSED',
  'DISABLED',
] as const;
/** One of `TEMPLATE_STATUSES`. */
export type TemplateStatus = (typeof TEMPLATE_STATUSES)[number];

/**
 * Meta's state, or the event of its webhook, in Infobip's words; undefined for one that says nothing about sending (UNARCHIVED is told
 * again as a state). `pause` is `other_info.title` of the webhook; without it a pause is the second one when the template was
 * `before` at it already.
 */
export function statusFromWire(
  status: string | undefined,
  { pause, before }: { pause?: string | undefined; before?: string | undefined } = {},
): TemplateStatus | undefined {
  const known = TEMPLATE_STATUSES.find((entry) => entry === status);
  if (known !== undefined) return known;
  switch (status) {
    case 'PAUSED':
      if (pause === 'SECOND_PAUSE') return 'SECOND_PAUSED';
      return pause === undefined && before === 'SECOND_PAUSED' ? 'SECOND_PAUSED' : 'FIRST_PAUSED';
    case 'LIMIT_EXCEEDED':
      return 'REJECTED';
    case 'ARCHIVED':
    case 'LOCKED':
      return 'DISABLED';
    default:
      return undefined;
  }
}

/** Whether messages can be made of a template in this state at Meta. */
export function isSendable(status: string): boolean {
  return status === 'APPROVED' || status === 'FLAGGED' || status === 'REINSTATED';
}

/** Whether Meta takes edits in this state (Infobip 9, Meta 4.1). */
export function isEditable(status: string): boolean {
  return isSendable(status) || status === 'REJECTED' || status === 'FIRST_PAUSED' || status === 'SECOND_PAUSED';
}

/** Infobip's quality of a template. */
export type Quality = 'HIGH' | 'MEDIUM' | 'LOW' | 'UNKNOWN';

/** Meta's colour as Infobip's quality. */
export function qualityFromWire(score: string | undefined): Quality {
  switch (score) {
    case 'GREEN':
      return 'HIGH';
    case 'YELLOW':
      return 'MEDIUM';
    case 'RED':
      return 'LOW';
    default:
      return 'UNKNOWN';
  }
}

const REASONS = ['ABUSIVE_CONTENT', 'INCORRECT_CATEGORY', 'INVALID_FORMAT', 'NONE', 'SCAM'] as const;

/** Why Meta decided so, in Infobip's words (infobip-fields `Reason`); nothing and null are NONE. */
export function reasonFromWire(reason: string | undefined): (typeof REASONS)[number] | 'UNKNOWN' {
  if (reason === undefined) return 'NONE';
  return REASONS.find((known) => known === reason) ?? 'UNKNOWN';
}
