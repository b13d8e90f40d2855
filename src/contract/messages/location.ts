// Location messages (Infobip 2.2, Meta 1.4). WhatsApp shows the address only beside a name.
import { Type } from 'typebox';
import { optionalText } from '../fields.js';
import { defineMessage } from './envelope.js';

/** `POST /whatsapp/1/message/location`. */
export const locationMessage = defineMessage({
  path: 'location',
  summary: 'Send a location',
  lacks: ['urlOptions'],
  content: Type.Object({
    latitude: Type.Number({ minimum: -90, maximum: 90 }),
    longitude: Type.Number({ minimum: -180, maximum: 180 }),
    name: optionalText(1000),
    address: optionalText(1000),
  }),
  toWire: ({ latitude, longitude, name, address }) => ({
    type: 'location',
    location: { latitude, longitude, name, address },
  }),
  example: {
    from: '441134960000',
    to: '441134960001',
    content: { latitude: 45.8, longitude: 15.97, name: 'Depot', address: 'Quay 7' },
  },
});
