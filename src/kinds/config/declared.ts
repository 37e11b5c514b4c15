/** What a checked reference refers to. Throws for an unchecked one: a bug in the caller. */
export function declared<T>(section: Readonly<Record<string, T>> | undefined, name: string): T {
  const found = section?.[name];
  if (found === undefined) throw new Error(`unchecked reference: ${name}`);
  return found;
}
