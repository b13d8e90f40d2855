// What the database has of an endpoint of whom nothing is known yet.
import type { EndpointHead } from '../../src/store/endpoint-heads.js';

/** Endpoint 3 of account 1: healthy, without a profile, at the beginning of its stream. */
export const NEW_HEAD: EndpointHead = {
  endpoint: 3,
  account: 1,
  origin: 'https://hooks.example',
  profile: '',
  position: 0,
  positionDay: 0,
  failures: 0,
  downSince: null,
  probeAt: null,
  probes: 0,
  downReason: null,
  disabledAt: null,
  enabled: 0,
};
