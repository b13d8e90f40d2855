// fast-check with the same inputs in every run, so that a red run is the change's doing. A failure names its seed; other seeds are for people who
// look for new inputs: `PROPERTY_SEED=7 node scripts/run-tests.mjs test contract`, or `--seed=7` behind the path of one compiled test file.
import fc from 'fast-check';

export { default as fc } from 'fast-check';

const SEED = 20_261_122;

/** The seed of this run: `--seed=` of the arguments, else `PROPERTY_SEED` of the environment, else the fixed one. */
export function propertySeed(args: readonly string[] = process.argv): number {
  const argument = args.map((arg) => /^--seed=(-?\d+)$/.exec(arg)?.[1]).find((text) => text !== undefined);
  const given = argument ?? process.env.PROPERTY_SEED;
  if (given === undefined) return SEED;
  if (!/^-?\d{1,9}$/.test(given)) throw new Error(`the seed is a whole number of at most nine digits, not "${given}"`);
  return Number(given);
}

// Here, once a process: a property that nobody gave its seed must have it too.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: propertySeed() });
