// Chance that can be repeated: the crash ledger prints its seed, and the same seed gives the same kills at the same moments of the load.

/** A number in [0, 1), as Math.random. */
export type Random = () => number;

/** A generator (mulberry32) that gives the same numbers for the same seed, a whole number. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from `min` to `max`, both included. */
export function between(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

/** The same in every run, so that a red run is the change's doing; other seeds are for people. */
const SEED = 20_261_122;

/** The seed of this run: `CRASH_SEED`, or the fixed one. Whoever uses it prints it. */
export function seedOfRun(): number {
  const given = Number(process.env.CRASH_SEED);
  return Number.isInteger(given) && given > 0 ? given : SEED;
}
