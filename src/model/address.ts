/**
 * The name of one managed object in plans, output and `--target`: kind, slash, name.
 * `image/debian-13`, `disk/web-0.root`, `seed/web-0`, `domain/web-0`.
 */
export type Address = `${string}/${string}`;

/** The kind in front of the slash. */
export function addressKind(address: Address): string {
  return address.slice(0, address.indexOf("/"));
}

/** What stands behind the slash. */
export function addressName(address: Address): string {
  return address.slice(address.indexOf("/") + 1);
}
