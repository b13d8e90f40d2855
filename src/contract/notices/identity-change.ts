// IDENTITY_CHANGE: a user's security code is another (Infobip 4.4, Meta 2.2). Changes of numbers and ids have no event of Infobip's.
import { SYSTEM_FIELD } from '../events/system.js';
import { textAt } from '../json.js';
import type { NoticeType } from './notice.js';

/** Made of a system message as `systemFromWire` keeps it. */
export const identityChangeNotice: NoticeType = {
  event: 'IDENTITY_CHANGE',
  fields: [SYSTEM_FIELD],
  fromWire({ value }) {
    const type = textAt(value, 'kind');
    if (type !== 'user_identity_changed') return [];
    const content = {
      type,
      userNumber: textAt(value, 'user'),
      userId: textAt(value, 'userId'),
      hash: textAt(value, 'hash'),
      description: textAt(value, 'description'),
    };
    return [{ body: { content, createdAt: textAt(value, 'createdAt') } }];
  },
  example: {
    field: SYSTEM_FIELD,
    value: {
      kind: 'user_identity_changed',
      user: '441134960001',
      hash: 'Qx1=',
      description: 'Security code changed',
      createdAt: '2026-01-01T00:00:00.000+0000',
    },
  },
};
