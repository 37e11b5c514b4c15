import { type Address, addressKind, addressName } from "../model/address.ts";
import type { BesideUnread, Observed } from "../model/kind.ts";
import { parseTakenAddress } from "../sources/taken-address.ts";
import type { ImageSpec } from "./image/spec.ts";
import type { InstanceSpec } from "./instance/desired.ts";
import type { NetworkSpec } from "./network/spec.ts";
import { published } from "./published/address.ts";
import { filters, groups } from "./terms/filter-address.ts";
import { type GuestState, guests } from "./terms/guest-address.ts";
import { guestSources } from "./terms/guest-sources.ts";
import { namesDisk } from "./terms/names-disk.ts";
import { networks } from "./terms/network-address.ts";
import { groupFilterName } from "./terms/port-filter.ts";
import { secretNameOf, secrets } from "./terms/secret-address.ts";
import type { DomainSpec } from "./terms/spec.ts";
import { volumes } from "./terms/volume-address.ts";
import type { VolumeSpec } from "./volume/spec.ts";

type Run = Pick<BesideUnread, "observed" | "wanted" | "project">;
type Users = (address: Address, run: Run) => readonly string[];

/** Objects that are no part of an instance and whose users are known, by address kind, and how the users are found. */
const usersByKind: Readonly<Record<string, Users>> = {
  [volumes.name]: usersOfVolume,
  [networks.name]: usersOfNetwork,
  [groups.name]: usersOfGroup,
  // What other projects make of it is not compared here.
  [published.name]: () => [],
};

/** The address kinds of objects whose users are known. */
export const kindsWithUsers: ReadonlySet<string> = new Set(Object.keys(usersByKind));

/**
 * What uses an object that cannot be read, or is to use it: names of instances, and addresses of what is no part of one. The definitions of guests are
 * what libvirt has, stored and running. Pure.
 */
export function usersOf(address: Address, run: Run): ReadonlySet<string> {
  return new Set(usersByKind[addressKind(address)]?.(address, run) ?? []);
}

function usersOfVolume(address: Address, { observed, wanted }: Run): string[] {
  const spec = wanted.get(address) as VolumeSpec | undefined;
  const uuid = observed.facts.identities?.[address]?.uuid ?? spec?.disk.uuid;
  const isOf = (source: string) => uuid === undefined || namesDisk(source, uuid);
  return [
    // Whether a passphrase is the right one is tried on the volume.
    secrets.at(secretNameOf({ address })),
    ...foundGuests(observed, (guest) => sourcesOf(guest).some(isOf)),
    ...wantedGuests(wanted, ({ disks }) => disks.some(({ name }) => name === address)),
    ...wantedImages(wanted, ({ source }) => {
      const from = parseTakenAddress(source);
      return from?.kind === "volume" && volumes.at(from.name) === address;
    }),
  ];
}

function usersOfNetwork(address: Address, { observed, wanted }: Run): string[] {
  const bridge = (wanted.get(address) as NetworkSpec | undefined)?.fields["bridge"];
  const isOf = (source: unknown) => source === addressName(address) || (bridge !== undefined && source === bridge);
  return [
    ...foundGuests(observed, (guest) => interfaceValues(guest, "source").some(isOf)),
    ...wantedGuests(wanted, ({ interfaces }) => interfaces.some(({ source }) => isOf(source))),
  ];
}

function usersOfGroup(address: Address, { observed, wanted, project }: Run): string[] {
  const group = addressName(address);
  const filter = groupFilterName(project, group);
  const referring = observed.of(filters).filter(([, { refers }]) => refers.includes(filter));
  const names = new Set<unknown>([filter, ...referring.map(([, port]) => port.filter)]);
  return [
    ...referring.map(([port]) => port),
    ...foundGuests(observed, (guest) => interfaceValues(guest, "filter").some((name) => names.has(name))),
    ...wantedGuests(wanted, ({ interfaces }) =>
      interfaces.some(({ filter: port }) => port !== null && port !== "none" && port.groups.includes(group)),
    ),
  ];
}

function foundGuests(observed: Observed, uses: (guest: GuestState) => boolean): string[] {
  return observed.of(guests).flatMap(([address, guest]) => (uses(guest) ? [addressName(address)] : []));
}

function wantedGuests(wanted: Run["wanted"], uses: (domain: DomainSpec) => boolean): string[] {
  return [...wanted].flatMap(([address, spec]) => {
    if (!guests.owns(address)) return [];
    const { domain } = spec as Extract<InstanceSpec, { readonly kind: "domain" }>;
    return uses(domain) ? [addressName(address)] : [];
  });
}

function wantedImages(wanted: Run["wanted"], uses: (image: ImageSpec) => boolean): string[] {
  return [...wanted].flatMap(([address, spec]) => (addressKind(address) === "image" && uses(spec as ImageSpec) ? [address] : []));
}

/** Sources of the disks of a guest, with what lies below them and what a block job copies to. */
function sourcesOf(guest: GuestState): string[] {
  const below = (guest.chains ?? []).flatMap(({ layers, job }) => [
    ...layers.flatMap(({ source, own }) => [source, own ?? source]),
    job?.source ?? "",
  ]);
  return [...guestSources(guest), ...below];
}

/** One value of all interfaces of a guest: of its stored definition, and of what it runs with. */
function interfaceValues({ fields, active }: GuestState, name: "source" | "filter"): unknown[] {
  return [fields, active ?? {}].flatMap((values) =>
    Object.entries(values).flatMap(([path, value]) => (path.startsWith("interfaces.") && path.endsWith(`.${name}`) ? [value] : [])),
  );
}
