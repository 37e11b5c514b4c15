import { withoutUndefined } from "../../../model/without-undefined.ts";
import { type ImageFormat, imageFormat } from "../../../tools/image-format.ts";
import { hardwareKeys } from "../../config/hardware/schema.ts";
import type { Wanted } from "../../config/wanted.ts";
import type { FlavorConfig, InstanceConfig, NicConfig } from "../../config.ts";
import { adoptionDifferences } from "../../guest/diff/adoption-differences.ts";
import { foreignParts, notWanted } from "../../guest/foreign.ts";
import { wantedFields } from "../../guest/wanted-fields.ts";
import type { DomainFields, DomainState, FieldValue } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { domainSpec } from "../domain-spec.ts";
import { wantedGuests } from "../wanted.ts";
import type { AdoptableDomain } from "./look.ts";

/** What a configuration says about a guest that other programs made. Sizes are bytes. */
export interface AdoptedEntry {
  readonly domain: string;
  readonly name: string;
  /** The flavor that it needs, where the configuration has none like it. */
  readonly flavor: { readonly name: string; readonly config: FlavorConfig } | null;
  readonly instance: InstanceConfig;
  /** What stays as it is, because no key of the entry is about it: for people. */
  readonly left: readonly string[];
  /** For people, about the guest as a whole. */
  readonly remarks: readonly string[];
}

/** Why a domain cannot be described, for a sentence that begins with its name. */
export interface NotAdoptable {
  readonly domain: string;
  readonly why: string;
}

const models = ["virtio", "e1000", "e1000e", "rtl8139", "ne2k_pci", "pcnet"] as const;
const buses = ["virtio", "scsi", "sata", "ide", "usb"] as const;
const mebibyte = 2 ** 20;

/**
 * Settings that are written where the guest has them: keys of an instance that are fields too. Processor, machine, firmware and display stay as they are
 * without a key, and are not compared with what the host of today would choose.
 */
const settings = ["watchdog", "viommu", "sound", "boot_menu", "autostart"] as const;

/**
 * The entry that describes a guest as it is, so that the plan to adopt it changes nothing. What the keys cannot say is left out: it stays as it is, and is
 * named. `taken`: names of instances that the configuration or entries before this have.
 */
export function adoptedEntry(found: AdoptableDomain, wanted: Wanted, taken: ReadonlySet<string>): AdoptedEntry | NotAdoptable {
  const { state, nova } = found;
  const domain = state.name;
  const owner = state.label;
  if (owner !== undefined) return { domain, why: `belongs to project ${owner.project}, as ${owner.instance}` };
  if (state.fields["virt_type"] === "lxc") return { domain, why: "is a container, which cannot be adopted" };
  if (!state.persistent) return { domain, why: "is transient: define it first (`virsh dumpxml`, then `virsh define`)" };
  const { fields } = state;
  const sizes = [fields["memory"], fields["max_memory"] ?? 0].map(Number);
  if (sizes.some((bytes) => bytes % mebibyte !== 0))
    return { domain, why: "has a memory size that is no whole number of MiB: set one with `virsh setmaxmem` and `virsh setmem --config`" };
  const name = freeName(nova?.name ?? domain, taken);
  const flavor = flavorFor(found, wanted);
  const base = { ...baseOf(state, flavor.name), disks: disksOf(found), networks: networksOf(fields) };
  const complete = (instance: InstanceConfig) => differences(found, { ...wanted, name, flavor, instance });
  const wrong = complete(base as InstanceConfig);
  if (wrong.length > 0) return { domain, why: `cannot be described: ${wrong.join(", ")}` };
  let instance = base as InstanceConfig;
  for (const key of settings) {
    const value = fields[key];
    if (value === undefined || !fitsSchema(key, value)) continue;
    const more = { ...instance, [key]: value } as InstanceConfig;
    if (complete(more).length === 0) instance = more;
  }
  const spec = specOf({ ...wanted, name, flavor, instance });
  return {
    domain,
    name,
    flavor: flavor.isNew ? { name: flavor.name, config: flavor.config } : null,
    instance,
    left: spec === undefined ? [] : leftOut(found, spec),
    remarks: remarksOf(found),
  };
}

/** A name that an instance may have, made from another; with a number if it is taken. */
function freeName(text: string, taken: ReadonlySet<string>): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .slice(0, 56)
    .replaceAll(/^-+|-+$/g, "");
  const name = plain === "" ? "guest" : plain;
  for (let number = 2; ; number += 1) {
    const free = number === 2 ? name : `${name}-${number - 1}`;
    if (!taken.has(free)) return free;
  }
}

interface ChosenFlavor {
  readonly name: string;
  readonly config: FlavorConfig;
  readonly isNew: boolean;
}

/** A flavor of the configuration that only has these sizes, else a new one: Nova's by its name. */
function flavorFor({ state, nova }: AdoptableDomain, { config }: Wanted): ChosenFlavor {
  const { fields } = state;
  const needed: FlavorConfig = { vcpus: Number(fields["vcpus"]), ram: Number(fields["memory"]), disk: nova?.disk ?? 0 };
  const flavors = Object.entries(config.flavors ?? {});
  const isLike = (other: FlavorConfig) =>
    Object.keys(other).every((key) => key in needed) && (["vcpus", "ram", "disk"] as const).every((key) => other[key] === needed[key]);
  const existing = flavors.find(([, other]) => isLike(other));
  if (existing !== undefined) return { name: existing[0], config: existing[1], isNew: false };
  const proposed = nova?.flavor !== undefined && /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/.test(nova.flavor) ? nova.flavor : undefined;
  const sized = `adopted-${needed.vcpus}-${needed.ram / mebibyte}${needed.disk === 0 ? "" : `-${needed.disk / 2 ** 30}`}`;
  const name = proposed !== undefined && config.flavors?.[proposed] === undefined ? proposed : sized;
  return { name, config: needed, isNew: true };
}

function baseOf({ uuid, power, fields }: DomainState, flavor: string) {
  const state = power === "running" ? undefined : power === "stopped" ? ("stopped" as const) : ("ignore" as const);
  const number = (path: string) => (fields[path] === undefined ? undefined : Number(fields[path]));
  return withoutUndefined({
    adopt: true as const,
    uuid,
    flavor,
    power_state: state,
    max_vcpus: number("max_vcpus"),
    max_ram: number("max_memory"),
    prevent_destroy: true,
  });
}

type AdoptedDisk = NonNullable<InstanceConfig["disks"]>[number];

function disksOf({ state, formats }: AdoptableDomain): AdoptedDisk[] {
  const { fields } = state;
  return keysOf(fields, "disks").flatMap((device): AdoptedDisk[] => {
    const field = (name: string) => fields[`disks.${device}.${name}`];
    const type = field("device");
    if ((type !== "disk" && type !== "cdrom") || !/^[a-z]{2,3}[a-z0-9]{1,12}$/.test(device)) return [];
    const source = String(field("source") ?? "");
    const path = /^\/.*[^/]$/.test(source) ? source : undefined;
    const format = formatOf(field("format"), path === undefined ? undefined : formats[path]);
    const bus = buses.find((one) => one === field("bus"));
    const isDrive = type === "cdrom";
    return [withoutUndefined({ device, type: isDrive ? ("cdrom" as const) : undefined, path, format: isDrive ? undefined : format, bus })];
  });
}

/** The format of a definition, as long as what Nova recorded of the disk is the same. */
function formatOf(defined: FieldValue | undefined, recorded: string | undefined): ImageFormat | undefined {
  if (defined === undefined || (recorded !== undefined && recorded !== defined)) return undefined;
  const format = imageFormat(String(defined));
  return format === defined ? format : undefined;
}

function networksOf(fields: DomainFields): NicConfig[] {
  return keysOf(fields, "interfaces").flatMap((mac): NicConfig[] => {
    const field = (name: string) => fields[`interfaces.${mac}.${name}`];
    const model = models.find((one) => one === field("model"));
    if (model === undefined || !/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac)) return [];
    const source = String(field("source") ?? "");
    const rest = { mac, ...(model === "virtio" ? {} : { model }) };
    if (field("type") === "user") return [{ user: true, ...rest }];
    if (field("type") === "network" && source !== "") return [{ network: source, ...rest }];
    if (field("type") === "bridge" && /^[^\s/:]{1,15}$/.test(source)) return [{ bridge: source, ...rest }];
    return [];
  });
}

/** Keys of the devices of a section, in the order of the definition. */
function keysOf(fields: DomainFields, section: string): string[] {
  const start = `${section}.`;
  const keys = Object.keys(fields).flatMap((path) => (path.startsWith(start) ? [path.slice(start.length, path.lastIndexOf("."))] : []));
  return [...new Set(keys)];
}

/** Fields hold what the host has, which may be more than the key accepts. */
function fitsSchema(key: (typeof settings)[number], value: FieldValue): boolean {
  const schema = key === "autostart" ? {} : hardwareKeys[key];
  return !("enum" in schema) || (schema.enum as readonly FieldValue[]).includes(value);
}

interface Tried extends Wanted {
  readonly name: string;
  readonly flavor: ChosenFlavor;
  readonly instance: InstanceConfig;
}

/** In what the guest differs from an entry. */
function differences({ state }: AdoptableDomain, tried: Tried): string[] {
  const spec = specOf(tried);
  if (spec === undefined) return ["no entry describes it"];
  return adoptionDifferences(spec, state).map(({ path }) => path);
}

function specOf({ name, flavor, instance, config, settings: host, facts }: Tried): DomainSpec | undefined {
  const alone = {
    ...withoutUndefined({ project: config.project, host: config.host }),
    flavors: { [flavor.name]: flavor.config },
    instances: { [name]: instance },
  };
  const [guest] = wantedGuests({ config: alone, settings: host, facts });
  return guest === undefined ? undefined : domainSpec(guest, [], null);
}

/** What the guest has that no key of its entry is about: devices that cannot be written, and settings of other programs. */
function leftOut({ root, state }: AdoptableDomain, spec: DomainSpec): string[] {
  const values = wantedFields(spec);
  const wanted = Object.keys(values);
  const { fields } = state;
  const devices = ["disks", "interfaces"].flatMap((section) =>
    keysOf(fields, section)
      .filter((key) => !wanted.some((path) => path.startsWith(`${section}.${key}.`)))
      .map(
        (key) =>
          `${section}.${key} (${[fields[`${section}.${key}.type`] ?? fields[`${section}.${key}.device`], fields[`${section}.${key}.source`]].filter(Boolean).join(" ")})`,
      ),
  );
  const sources = keysOf(fields, "disks").flatMap((key) => {
    const source = fields[`disks.${key}.source`];
    return source === undefined || wanted.includes(`disks.${key}.source`) || devices.some((one) => one.startsWith(`disks.${key} `))
      ? []
      : [`the source of disks.${key} (${source})`];
  });
  const firmware = ["firmware", "kernel"].flatMap((path) =>
    fields[path] === undefined || wanted.includes(path) ? [] : [`${path} (${fields[path]})`],
  );
  return [...devices, ...sources, ...firmware, ...new Set(notWanted(foreignParts(root), values).map(({ path }) => path))];
}

function remarksOf({ state, nova, below, formats }: AdoptableDomain): string[] {
  const bases = [...below].map(([target, layers]) => `${target} is based on ${layers.join(", then ")}`);
  const doubtful = Object.entries(state.disks).flatMap(([target, source]) => {
    const [recorded, defined] = [formats[source], state.fields[`disks.${target}.format`]];
    return recorded === undefined || recorded === defined
      ? []
      : [
          `disk.info records ${target} as ${recorded}, and the definition has ${String(defined ?? "no format")}: its format is left as it is`,
        ];
  });
  const made = nova === null ? [] : [`made by Nova${nova.directory === undefined ? "" : `, in ${nova.directory}`}`];
  return [...made, ...bases, ...doubtful];
}
