// Schemas as the sandbox checks bodies and records by them, compiled when they are first used: a start would pay for all of them.
import type { Static, TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Compile } from 'typebox/schema';

/** A schema that values can be held against. */
export interface Checker<T> {
  Check(value: unknown): value is T;
  /** What is wrong with a value that is not one. */
  Errors(value: unknown): TLocalizedValidationError[];
}

/** The checker of `schema`. */
export function checkerOf<T extends TSchema>(schema: T): Checker<Static<T>> {
  let compiled:
    | { Check(value: unknown): boolean; Errors(value: unknown): [unknown, TLocalizedValidationError[]] }
    | undefined;
  const compile = () => {
    compiled ??= Compile(schema);
    return compiled;
  };
  return {
    Check: (value): value is Static<T> => compile().Check(value),
    Errors: (value) => compile().Errors(value)[1],
  };
}
