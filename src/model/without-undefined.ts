/** The same object type with keys that may be absent in place of values that may be undefined. */
type Present<T> = { readonly [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  readonly [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
};

/** An object without the keys whose value is undefined, for types and outputs in which an absent key says that there is nothing. Pure. */
export function withoutUndefined<T extends object>(object: T): Present<T> {
  const present: Record<string, unknown> = {};
  for (const key in object) if (object[key] !== undefined) present[key] = object[key];
  return present as unknown as Present<T>;
}
