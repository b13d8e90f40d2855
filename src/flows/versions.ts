// The versions of Flow JSON, and how they compare.

/** Every version that can be checked, oldest first (*Meta 5.1*; 2.1 to 5.0 can no longer be published at Meta). */
export const VERSIONS = [
  '2.1', '3.0', '3.1', '4.0', '5.0', '5.1', '6.0', '6.1', '6.2', '6.3', '7.0', '7.1', '7.2', '7.3',
] as const; // biome-ignore format: one line

/** One of the versions there are. */
export type Version = (typeof VERSIONS)[number];

/** The version that a text names, or undefined. */
export function versionOf(text: string): Version | undefined {
  return VERSIONS.find((version) => version === text);
}

/** Whether `version` is `since` or newer. */
export function isSince(version: Version, since: Version): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(since);
}
