/**
 * The name of one managed object in plans, output and `--target`: kind, slash, name.
 * `image/debian-13`, `disk/web-0.root`, `seed/web-0`, `domain/web-0`. In the output of a session with several hosts the name of the
 * host comes first: `kvm1/domain/web-0`.
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
  // The checks ask twenty times for each: a new text would be hashed each time.
  const made = new Map<string, Address>();
  return {
    name,
    at: (objectName): Address => {
      let address = made.get(objectName);
      if (address === undefined) {
        address = `${name}/${objectName}`;
        made.set(objectName, address);
      }
      return address;
    },
    owns: (address): address is AddressOf<State> => isOfKind(address, name),
  };
}

/** The kind in front of the name. */
export function addressKind(address: Address): string {
  const slash = address.lastIndexOf("/");
  return address.slice(address.lastIndexOf("/", slash - 1) + 1, slash);
}

/** Whether `addressKind` gives this name, without making a text of it: the checks ask twenty times for each object of a plan. */
function isOfKind(address: Address, name: string): boolean {
  const slash = address.lastIndexOf("/");
  const from = address.lastIndexOf("/", slash - 1) + 1;
  return slash - from === name.length && address.startsWith(name, from);
}

/** Whether a text can be the name of an object, as part of an address: names come from labels on the host as well. */
export function isObjectName(text: unknown): text is string {
  return typeof text === "string" && /^[^/\p{Cc}]{1,255}$/u.test(text);
}

/** What follows the last slash. Names of objects hold none. */
export function addressName(address: Address): string {
  return address.slice(address.lastIndexOf("/") + 1);
}

/** The host in front of the kind: `kvm1` of `kvm1/disk/web-0.root`. Undefined where the host is not part of the address. */
export function addressHost(address: Address): string | undefined {
  const kind = address.lastIndexOf("/", address.lastIndexOf("/") - 1);
  return kind < 0 ? undefined : address.slice(0, kind);
}
