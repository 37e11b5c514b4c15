import { type Address, addressKind } from "../../model/address.ts";
import type { HostFacts, Identity } from "../../model/host-facts.ts";
import { uuidV5 } from "../../model/uuid.ts";

/** What an object is created as, and stays whatever its name becomes. */
interface Origin {
  readonly uuid: string;
  /** The name that its uuid and its MAC addresses are derived from. */
  readonly origin: string;
}

/** How many objects of one name are distinguished: one that has it, and earlier ones that have been renamed since. */
const mostOfOneName = 64;

/**
 * Uuid and origin of an object by its name: those of the existing object, so that a renamed one keeps them; `given`, the configured uuid;
 * else derived ones, which no existing object has that had the name before. Pure.
 */
export function identityOf(
  of: "instance" | "volume",
  {
    project,
    name,
    address,
    given,
  }: { readonly project: string; readonly name: string; readonly address: Address; readonly given?: string | undefined },
  { identities = {} }: Pick<HostFacts, "identities">,
): Origin {
  const known = identities[address];
  if (known !== undefined) return { uuid: given ?? known.uuid, origin: known.origin ?? name };
  if (given !== undefined) return { uuid: given, origin: name };
  const taken = new Set(Object.values(identities).map(({ uuid }) => uuid));
  const free = numbered(name).find((origin) => !taken.has(derivedUuid(of, project, origin))) ?? name;
  return { uuid: derivedUuid(of, project, free), origin: free };
}

/** The name that an existing object was created as, where its label does not record one: its name, with a number if that was in use. Pure. */
export function originOf(of: "instance" | "volume", project: string, name: string, uuid: string): string {
  if (derivedUuid(of, project, name) === uuid) return name;
  return numbered(name).find((origin) => derivedUuid(of, project, origin) === uuid) ?? name;
}

/** The same on every run and every machine, so that an object is found again by its name. */
export function derivedUuid(of: "instance" | "volume" | "network", project: string, origin: string): string {
  return uuidV5(`${of}/${project}/${origin}`);
}

/** An existing object as facts have it: only what differs from its name is named. */
export function identityFact(name: string, uuid: string, origin: string, earlier: string | undefined): Identity {
  return { uuid, ...(origin === name ? {} : { origin }), ...(earlier === undefined ? {} : { earlier }) };
}

/** The objects that give up their names in this plan, by the address that they had: whatever gets such a name has to wait for that. Pure. */
export function givenUp({ identities = {} }: Pick<HostFacts, "identities">): ReadonlyMap<string, Address> {
  const known = addressesGivenUp.get(identities);
  if (known !== undefined) return known;
  const found = new Map(
    Object.entries(identities).flatMap(([address, { earlier }]) =>
      earlier === undefined ? [] : [[`${addressKind(address as Address)}/${earlier}`, address as Address] as const],
    ),
  );
  addressesGivenUp.set(identities, found);
  return found;
}

const addressesGivenUp = new WeakMap<object, ReadonlyMap<string, Address>>();

function numbered(name: string): string[] {
  return Array.from({ length: mostOfOneName }, (_, index) => (index === 0 ? name : `${name}#${index + 1}`));
}
