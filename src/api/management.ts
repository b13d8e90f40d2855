// Infobip's management APIs together: subscriptions with what belongs to them.
import type { CertificateParts } from '../manage/certificates.js';
import type { ProfileParts } from '../manage/profiles.js';
import type { AccountRoute } from './account-route.js';
import { certificateRoutes } from './certificates.js';
import { inboundConfigurationRoutes } from './inbound-configurations.js';
import { profileRoutes, securityRoutes } from './profiles.js';
import { provisioningRoutes } from './provisioning.js';
import { subscriptionRoutes } from './subscriptions.js';

/** All of their endpoints. */
export function managementRoutes(parts: ProfileParts & CertificateParts): AccountRoute[] {
  return [
    ...subscriptionRoutes(parts),
    ...profileRoutes(parts),
    ...securityRoutes(parts),
    ...certificateRoutes(parts),
    ...inboundConfigurationRoutes(parts),
    ...provisioningRoutes(parts),
  ];
}
