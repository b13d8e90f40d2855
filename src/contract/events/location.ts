// Inbound locations (Meta 2.2, Infobip 4.3).
import { numberAt, objectAt, textAt } from '../json.js';
import type { EventType } from './envelope.js';

/** A place the user shared; name, address and url only when it was chosen from a list. */
export const locationEvent: EventType = {
  wireType: 'location',
  type: 'LOCATION',
  fromWire(message) {
    const location = objectAt(message, 'location');
    const latitude = numberAt(location, 'latitude');
    const longitude = numberAt(location, 'longitude');
    if (latitude === undefined || longitude === undefined) return undefined;
    return {
      latitude,
      longitude,
      name: textAt(location, 'name'),
      address: textAt(location, 'address'),
      url: textAt(location, 'url'),
    };
  },
  toReport: (content) => content,
  example: { type: 'location', location: { latitude: 45.81, longitude: 15.97, name: 'Depot', address: 'Ilica 1' } },
};
