// What the control API works on.
import type { Callbacks } from '../callbacks.js';
import type { Pace } from '../pace.js';
import type { ProgressEngine } from '../progress.js';
import type { World } from '../world.js';

/** The parts of a running sandbox. */
export interface ControlParts {
  world: World;
  callbacks: Callbacks;
  progress: ProgressEngine;
  pace: Pace;
}
