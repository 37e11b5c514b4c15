import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import { plainFileDriver } from "../../../drivers/index.ts";
import type { Json } from "../../../model/json.ts";
import type { GuestFile } from "../../terms/guest-file.ts";
import type { PublicSeed } from "../../terms/seed-state.ts";
import { bytesOfInput, isSecretText, type SeedAddress, type SeedInterface, type SeedSpec, type SeedVlan } from "../../terms/spec.ts";
import { leasesIpv4 } from "../leases-ipv4.ts";
import { rootOnly } from "./block-devices.ts";

export type { PublicSeed } from "../../terms/seed-state.ts";

/** What a plan may show of a drive as it should be. */
export function publicSeed(spec: SeedSpec): PublicSeed {
  return {
    uuid: spec.uuid,
    name: spec.instance,
    project: spec.project,
    // Omitted for a file, so that digests of earlier versions stay valid.
    ...(spec.disk.backend === plainFileDriver ? {} : { backend: spec.disk.backend }),
    format: spec.format,
    hostname: spec.hostname,
    launch_index: spec.launchIndex,
    flavor: spec.flavor,
    metadata: sortedRecord(spec.metadata),
    public_keys: sortedRecord(spec.publicKeys),
    user_data: userDataShown(spec.userData),
    // Omitted where there are none, as by earlier versions.
    ...(spec.files.length === 0 ? {} : { files: Object.fromEntries(spec.files.map((file) => [file.path, fileShown(file)])) }),
    admin_password: spec.adminPassword === null ? null : ({ ...spec.adminPassword } as Json),
    interfaces: spec.interfaces.map(interfaceShown),
    kernel: spec.kernel,
    ramdisk: spec.ramdisk,
    // Omitted where earlier versions had no such key, so that their drives are not rebuilt.
    ...(JSON.stringify(spec.blockDevices) === JSON.stringify(rootOnly) ? {} : { block_devices: { ...spec.blockDevices } }),
  };
}

const digestOf = new WeakMap<SeedSpec, string>();

/** Identifies the public content of a config drive: equal for equal drives, whatever their secrets and random seed. */
export function seedDigest(spec: SeedSpec): string {
  const digest = digestOf.get(spec) ?? hash("sha256", JSON.stringify(publicSeed(spec)));
  digestOf.set(spec, digest);
  return digest;
}

function userDataShown(userData: SeedSpec["userData"]): Json {
  if (userData === null) return null;
  if (isSecretText(userData)) return { ...userData } as Json;
  return bytesShown(bytesOfInput(userData), "text" in userData);
}

/** What earlier versions had no key for is omitted where there is none. */
function interfaceShown({ type, source, mac, mtu, addresses, ipv4, ipv6, bond, vlans = [] }: SeedInterface): Json {
  return {
    type,
    source,
    mac,
    ...(mtu === undefined ? {} : { mtu }),
    ...(addresses === undefined ? {} : { addresses: addresses.map(addressShown) }),
    ...(ipv4 === undefined ? {} : { ipv4 }),
    // Beside IPv4, earlier versions wrote nothing about an announced subnet, which most guests use anyway.
    ...(ipv6 === undefined || (ipv6 === "slaac" && ipv4 !== false) ? {} : { ipv6 }),
    ...(bond === undefined ? {} : { bond }),
    ...(vlans.length === 0 ? {} : { vlans: Object.fromEntries(vlans.map((vlan) => [String(vlan.id), vlanShown(vlan)])) }),
  };
}

/** All that the drive says about a VLAN. */
function vlanShown(vlan: SeedVlan): string {
  const { source, mtu, addresses = [], ipv6 } = vlan;
  return [
    ...(source === null ? [] : [source]),
    ...(leasesIpv4(vlan) ? ["DHCP"] : []),
    ...(ipv6 === undefined ? [] : [ipv6]),
    ...addresses.map(addressShown),
    ...(mtu === undefined ? [] : [`MTU ${mtu}`]),
  ].join(", ");
}

/** All that the drive says about an address. */
function addressShown({ address, prefix, dhcp, gateway, dnsServers, routes }: SeedAddress): string {
  return [
    `${address}/${prefix}${dhcp ? " by DHCP" : ""}`,
    ...(gateway === null ? [] : [`gateway ${gateway}`]),
    ...(dnsServers.length === 0 ? [] : [`DNS ${dnsServers.join(" ")}`]),
    ...routes.map(({ to, via }) => `${to} via ${via}`),
  ].join(", ");
}

function fileShown({ base64, mode, owner }: GuestFile): Json {
  const bytes = Buffer.from(base64, "base64");
  const access = { ...(mode === null ? {} : { mode }), ...(owner === null ? {} : { owner }) };
  return { ...bytesShown(bytes, isUtf8(bytes) && !bytes.includes(0)), ...access };
}

/** Content by its digest, and its length in lines of text or else in bytes. */
function bytesShown(bytes: Buffer, isText: boolean): { readonly [key: string]: Json } {
  const sha256 = hash("sha256", bytes);
  if (!isText) return { sha256, bytes: bytes.length };
  const text = bytes.toString("utf8");
  return { sha256, lines: text === "" ? 0 : text.replace(/\n$/, "").split("\n").length };
}

function sortedRecord(record: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
}
