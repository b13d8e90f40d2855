// Checks of values by schemas, compiled when they are first used: a start would pay for hundreds, and a process uses few of them at once.
// `typebox/schema` is the part of `typebox/compile` that only checks, and loads in half the time.
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/schema';

/** Tells whether a value is of `schema`. The first call compiles it, which takes about a millisecond. */
export function checkOf<T extends TSchema>(schema: T): (value: unknown) => value is Static<T> {
  let compiled: { Check(value: unknown): boolean } | undefined;
  return (value): value is Static<T> => {
    compiled ??= Compile(schema);
    return compiled.Check(value);
  };
}
