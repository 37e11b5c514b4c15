import { ownsSource } from "../../drivers/index.ts";
import { addressName } from "../../model/address.ts";
import type { Json } from "../../model/json.ts";
import type { Observed } from "../../model/observed.ts";
import { pendingFields } from "../guest/pending.ts";
import { describeDomain } from "../guest/state.ts";
import { disks } from "../terms/disk-address.ts";
import { diskRole } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import type { OwnedDiskState } from "../terms/disk-state.ts";
import { type GuestState, guests } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { volumes } from "../terms/volume-address.ts";

/**
 * How an instance is, in one word. `building`: an apply began to make it and has not ended. `missing`: declared, and libvirt has no guest. `leftover`: only
 * disks are left of an instance that is no longer declared. `unadopted`: the guest exists and is not labelled yet.
 */
export type InstanceStatus =
  | "building"
  | "active"
  | "paused"
  | "stopped"
  | "saved"
  | "suspended"
  | "rescue"
  | "error"
  | "missing"
  | "leftover"
  | "unadopted";

/** One instance that is declared, or of which something is on the host. Sizes are bytes. */
export interface InstanceOverview {
  readonly name: string;
  readonly uuid: string;
  readonly status: InstanceStatus;
  /** Why it is so, where one word does not say; null otherwise. */
  readonly reason: string | null;
  /** The configuration has it. */
  readonly declared: boolean;
  /** It waits for a restart. */
  readonly waits: boolean;
  readonly vcpus: number | null;
  readonly memory: number | null;
  readonly image: string | null;
  readonly flavor: string | null;
  /** Its disks and volumes; null for a size that is not known. */
  readonly disks: readonly { readonly name: string; readonly size: number | null }[];
  /** Its network interfaces, by MAC address: what each is connected to. */
  readonly interfaces: Readonly<Record<string, string>>;
  /** It has a channel for a guest agent. */
  readonly hasAgent: boolean;
  /** Everything that is known of the guest; null where libvirt has none. */
  readonly guest: Json;
}

/** Every instance of a project, those that are declared first and in their order. Pure. */
export function overviewOf(wanted: readonly DomainSpec[], observed: Observed): InstanceOverview[] {
  const declared = new Set(wanted.map(({ instance }) => instance));
  const found = [
    ...observed.of(guests).map(([address]) => addressName(address)),
    ...observed.of(disks).map(([, disk]) => ownerName(disk.owner)),
    ...observed.unread.filter((address) => guests.owns(address)).map(addressName),
  ];
  const others = [...new Set(found)].filter((name) => !declared.has(name)).sort();
  return [...wanted.map((spec) => overview(spec.instance, spec, observed)), ...others.map((name) => overview(name, undefined, observed))];
}

function overview(name: string, want: DomainSpec | undefined, observed: Observed): InstanceOverview {
  const guest = observed.get(guests.at(name));
  const own = observed.of(disks).flatMap(([, disk]) => (ownerName(disk.owner) === name ? [disk] : []));
  const text = (path: string, fallback: string | null | undefined) => String(guest?.fields[path] ?? fallback ?? "") || null;
  const number = (path: "vcpus" | "memory") => Number(guest?.fields[path] ?? want?.[path] ?? 0) || null;
  return {
    name,
    uuid: guest?.uuid ?? want?.uuid ?? own[0]?.uuid ?? "",
    ...(observed.unread.includes(guests.at(name)) ? unreadStatus : statusOf(want, guest, own)),
    declared: want !== undefined,
    waits: guest !== undefined && pendingFields(guest).length > 0,
    vcpus: number("vcpus"),
    memory: number("memory"),
    image: text("image", want?.image),
    // What Nova wrote of an adopted guest is not its flavor here.
    flavor: want?.adopted === true ? want.flavor.name : text("flavor", want?.flavor.name),
    disks: disksOf(guest, own, observed),
    interfaces: interfacesOf(guest),
    hasAgent: (guest?.active ?? guest?.fields)?.["guest_agent"] === true,
    guest: guest === undefined ? null : describeDomain(guest),
  };
}

/** Of a guest whose label or definition cannot be read. The problem that says so has the details. */
const unreadStatus = { status: "error", reason: "its label or its definition cannot be read" } as const;

function statusOf(
  want: DomainSpec | undefined,
  guest: GuestState | undefined,
  own: readonly OwnedDiskState[],
): Pick<InstanceOverview, "status" | "reason"> {
  if (guest === undefined) {
    if (want === undefined) return { status: "leftover", reason: "no longer declared, and only disks are left" };
    if (own.some(({ defined }) => defined)) return { status: "missing", reason: "undefined outside virtform; its disks still exist" };
    if (own.length > 0) return { status: "building", reason: "an apply began to make it" };
    return { status: "missing", reason: want.adopted ? "libvirt has no domain with its uuid" : "not applied yet" };
  }
  if (guest.label === undefined) return { status: "unadopted", reason: `the guest is ${guest.power}, and apply adopts it` };
  const lost = own.filter(({ disk, defined }) => disk === undefined && defined);
  if (guest.unlabelled === true) return { status: "error", reason: "its directory is missing" };
  if (lost.length > 0) return { status: "error", reason: `${lost.map(({ name }) => name).join(", ")} is missing` };
  switch (guest.power) {
    case "crashed":
      return { status: "error", reason: "the guest crashed" };
    case "running":
      return guest.fields["rescue"] === undefined
        ? { status: "active", reason: null }
        : { status: "rescue", reason: `booted from ${guest.fields["rescue"]}` };
    case "paused":
      return guest.pausedBy === undefined ? { status: "paused", reason: null } : { status: "error", reason: `paused by ${guest.pausedBy}` };
    default:
      return guest.failedStart === true ? { status: "error", reason: "its last start failed" } : { status: guest.power, reason: null };
  }
}

/** What a guest keeps data on: its own disks but for boot files and rescue disks, its volumes, and the disks that an adopted one brought along. */
function disksOf(guest: GuestState | undefined, own: readonly OwnedDiskState[], observed: Observed): InstanceOverview["disks"] {
  const kept = own.filter(({ name }) => ["root", "ephemeral", "swap"].includes(diskRole(name) ?? ""));
  const attached = observed.of(volumes).flatMap(([address, volume]) => {
    const isAttached = Object.values(guest?.disks ?? {}).some((source) => ownsSource(source, volume));
    return isAttached ? [{ name: address, size: volume.disk?.size ?? null }] : [];
  });
  const brought = new Set(guest?.label?.adopted ?? (guest?.label === undefined ? Object.values(guest?.disks ?? {}) : []));
  const others = (guest?.chains ?? []).flatMap(({ target, disk, layers, running }) => {
    const isBrought = brought.has(disk ?? layers[0]?.source ?? "");
    return isBrought && (running || guest?.active === null) ? [{ name: target, size: layers[0]?.size ?? null }] : [];
  });
  return [...kept.map(({ name, disk }) => ({ name, size: disk?.size ?? null })), ...attached, ...others];
}

function interfacesOf(guest: GuestState | undefined): Readonly<Record<string, string>> {
  const fields = guest?.active ?? guest?.fields ?? {};
  return Object.fromEntries(
    Object.entries(fields).flatMap(([path, type]) => {
      const mac = /^interfaces\.(.*)\.type$/.exec(path)?.[1];
      return mac === undefined ? [] : [[mac, [type, fields[`interfaces.${mac}.source`]].filter(Boolean).join(" ")]];
    }),
  );
}
