/**
 * The name of one managed object in plans, output and `--target`: kind, slash, name.
 * `image/debian-13`, `disk/web-0.root`, `seed/web-0`, `domain/web-0`.
 */
export type Address = `${string}/${string}`;

declare const found: unique symbol;

/** An address that knows the type of the state that is observed under it. Made by `AddressKind.at`; a plain string at run time. */
export type AddressOf<State> = Address & { readonly [found]?: State };

/** One kind of address, and with it the type of the state that is observed under its addresses. */
export interface AddressKind<State> {
  /** What is in front of the slash. */
  readonly name: string;
  /** The address of the object of this name. */
  at(name: string): AddressOf<State>;
  /** Whether an address is of this kind. */
  owns(address: Address): address is AddressOf<State>;
}

/** The address kind of this name, bound to the type of its state. Each is made once, beside the type of the state. */
export function kindOf<State>(name: string): AddressKind<State> {
  return {
    name,
    at: (objectName): Address => `${name}/${objectName}`,
    owns: (address): address is AddressOf<State> => addressKind(address) === name,
  };
}

/** The kind in front of the slash. */
export function addressKind(address: Address): string {
  return address.slice(0, address.indexOf("/"));
}

/** What follows the slash. */
export function addressName(address: Address): string {
  return address.slice(address.indexOf("/") + 1);
}
