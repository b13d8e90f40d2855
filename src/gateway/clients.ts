// Whom the gateway calls: Meta, the endpoints of customers, the hosts of files, and the store that keeps files.
import { createWebhookClient, type WebhookClient } from '../customer/webhook-client.js';
import { createSafeDownload, type SafeDownload } from '../lib/safe-download.js';
import { createSafeFetch, type SafeFetch } from '../lib/safe-fetch.js';
import { createMediaStore, type MediaStore } from '../media/media-store.js';
import { createGraphClient, type GraphClient } from '../meta/graph-client.js';
import { IN_FLIGHT_MAX as DELIVERIES_MAX } from '../pipeline/deliver.js';
import type { Foundation } from './foundation.js';
import { version } from './version.js';

/** Open clients, each with connections of its own. */
export interface Clients {
  graph: GraphClient;
  flowUploads: GraphClient;
  safeFetch: SafeFetch;
  webhooks: WebhookClient;
  downloads: SafeDownload;
  files: MediaStore;
}

const GRAPH_CONNECTIONS = 128;
/** Callers pace the uploads of Flow JSON: on sockets of their own the slow ones keep no message waiting. */
const FLOW_UPLOADS_MAX = 8;
/** Requests to token endpoints under way, beside the deliveries that wait for them. */
const TOKENS_IN_FLIGHT_MAX = 100;

/** Nothing connects before it is used. */
export function openClients({ config, lifecycle }: Foundation): Clients {
  const meta = { baseUrl: config.metaUrl, version: config.metaVersion };
  const graph = createGraphClient({ ...meta, connections: GRAPH_CONNECTIONS });
  lifecycle.add('graph', () => graph.close());
  const flowUploads = createGraphClient({ ...meta, connections: FLOW_UPLOADS_MAX });
  lifecycle.add('flowUploads', () => flowUploads.close());
  const safeFetch = createSafeFetch({
    allowNetworks: config.allowNetworks,
    // What may be under way to one origin is for deliver to say: accounts that share one must not wait for each other.
    connectionsPerOrigin: DELIVERIES_MAX,
    inFlightMax: DELIVERIES_MAX + TOKENS_IN_FLIGHT_MAX,
  });
  lifecycle.add('webhooks', () => safeFetch.close());
  const downloads = createSafeDownload({ allowNetworks: config.allowNetworks });
  lifecycle.add('downloads', () => downloads.close());
  const files = createMediaStore(config);
  lifecycle.add('media.store', () => files.blobs.stop());
  return { graph, flowUploads, safeFetch, webhooks: createWebhookClient(safeFetch, version()), downloads, files };
}
