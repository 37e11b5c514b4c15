/**
 * Whether a value is valid by the schema of configurations. `schema-check.js` is made from the schema by `npm run schema` and
 * never edited: compiling the schema at every start takes longer than a whole plan.
 */
export function accepts(value: unknown): boolean;
