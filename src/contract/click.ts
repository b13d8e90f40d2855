// The CLICK report (Infobip 7): an object by itself in each POST. Infobip publishes it for SMS; ours is the same.

/** What is known of a click. Absent texts are undefined. */
export interface ClickedFacts {
  /** Stable through every retry and replay. */
  eventId: string;
  /** When it was clicked, epoch ms. */
  at: number;
  /** Whether it was the first on this link. */
  isFirst: boolean;
  recipient: string;
  /** Where the link leads. */
  url: string;
  messageId: string;
  bulkId?: string | undefined;
  callbackData?: string | undefined;
  applicationId?: string | undefined;
  entityId?: string | undefined;
  deviceType?: string | undefined;
  os?: string | undefined;
  deviceName?: string | undefined;
  countryName?: string | undefined;
  city?: string | undefined;
}

/** The body. `eventId` and `isFirstClick` are ours: clients ignore fields they do not know. `bulkId` is "" for singles, as in delivery reports. */
export function clickReport(facts: ClickedFacts): object {
  const { recipient, url, messageId, bulkId = '', callbackData, applicationId, entityId, eventId } = facts;
  const { deviceType, os, deviceName, countryName, city } = facts;
  return {
    notificationType: 'CLICKED',
    recipient,
    url,
    sendDateTime: facts.at,
    messageId,
    bulkId,
    callbackData,
    recipientInfo: { deviceType, os, deviceName },
    geoLocationInfo: { countryName, city },
    applicationId,
    entityId,
    isFirstClick: facts.isFirst,
    eventId,
  };
}
