/** A check compiled from `schema` (`schema.ts`) ahead of time. */
export interface CompiledCheck {
  /** True for a valid value; says nothing about what is wrong with another one. */
  readonly accepts: (value: unknown) => boolean;
}

/**
 * Undefined when the program runs from its sources. The build (`bin/lib/bundle.ts`) replaces this module by code that Ajv writes,
 * because compiling the schema takes longer than a whole plan.
 */
export const compiledCheck: CompiledCheck | undefined = undefined;
