// What endpoints take, by their profiles. A profile that is not known may be newer than what is: nothing of its endpoint is cut before it was
// looked for, lest its first reports go out without the order it asks for.
import type { Log } from '../lib/log.js';
import { complain } from './complain.js';
import type { OrderKeeper } from './deliver-ordered.js';
import type { PosterParts } from './deliver-post.js';
import type { Endpoint } from './endpoint.js';
import { limitsOf } from './endpoint-limits.js';

/** Keeps the limits of endpoints. */
export interface LimitKeeper {
  /** Its profile may have changed. One whose profile must be looked for is not ready until then. */
  renew(endpoint: Endpoint): void;
}

/** What it works with. */
export interface LimitParts extends Pick<PosterParts, 'profileOf' | 'findProfile'> {
  log: Log;
  order: Pick<OrderKeeper, 'want'>;
}

/** Creates it; `onReady` is told of each endpoint whose profile was looked for. */
export function createLimitKeeper(parts: LimitParts, onReady: (endpoint: Endpoint) => void): LimitKeeper {
  const { log, order, profileOf, findProfile } = parts;
  const known = new WeakSet<Endpoint>();
  const looking = new WeakSet<Endpoint>();
  async function look(endpoint: Endpoint): Promise<void> {
    endpoint.isPreparing = true;
    looking.add(endpoint);
    try {
      await findProfile(endpoint.account, endpoint.profile);
      known.add(endpoint);
      endpoint.isPreparing = false;
      onReady(endpoint);
    } catch (error) {
      // The next look at what is due tries again.
      complain(log, 'deliver.profile', error);
    } finally {
      looking.delete(endpoint);
    }
  }
  return {
    renew(endpoint) {
      const { account, profile } = endpoint;
      if (profile === '') return;
      try {
        const found = profileOf(account, profile);
        if (found !== undefined) known.add(endpoint);
        if (!known.has(endpoint)) {
          if (!looking.has(endpoint)) void look(endpoint);
          return;
        }
        endpoint.setLimits(limitsOf(found));
      } catch (error) {
        // Its secrets cannot be opened; each of its POSTs fails and says so.
        complain(log, 'deliver.profile', error);
      }
      if (endpoint.limits.isOrdered !== (endpoint.lines !== undefined)) order.want(endpoint);
    },
  };
}
