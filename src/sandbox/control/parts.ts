// What the control API works on.
import type { Callbacks } from '../callbacks.js';
import type { Feed } from '../feed.js';
import type { FlowEndpoints } from '../flows/endpoint.js';
import type { Origins } from '../media/address.js';
import type { MediaExaminer } from '../media/examine.js';
import type { MediaLibrary } from '../media/library.js';
import type { MediaLinks } from '../media/links.js';
import type { Pace } from '../pace.js';
import type { PhoneFiles } from '../phone-files.js';
import type { ProgressEngine } from '../progress.js';
import type { Smsc } from '../smsc.js';
import type { TemplateLife } from '../templates/life.js';
import type { World } from '../world.js';
import type { Worlds } from '../worlds.js';

/** The parts of a running sandbox. */
export interface ControlParts {
  world: World;
  feed: Feed;
  callbacks: Callbacks;
  progress: ProgressEngine;
  pace: Pace;
  library: MediaLibrary;
  links: MediaLinks;
  examiner: MediaExaminer;
  origins: Origins;
  worlds(): Worlds;
  templates: TemplateLife;
  endpoints: FlowEndpoints;
  pages: PhoneFiles;
  /** Only the default world has one. */
  smsc(): Smsc | undefined;
}
