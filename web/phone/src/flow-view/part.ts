// What every component of a flow is drawn from.
import type { Scope } from '../flow/binding.js';
import type { Component } from '../flow/document.js';
import type { FlowFile } from './source.js';

/** A component with its present answer. */
export interface Part {
  component: Component;
  scope: Scope;
  /** Unique on the screen, for ids. */
  id: string;
  value: unknown;
  /** What is wrong with the answer; empty when nothing is. */
  error: string;
  version: string;
  change(value: unknown): void;
  act(action: unknown): void;
  upload(file: File): Promise<FlowFile>;
}
