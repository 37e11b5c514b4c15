import { addressKind, addressName } from "../../model/address.ts";
import type { Change, FieldChange } from "../../model/change.ts";
import type { Json } from "../../model/json.ts";
import type { Observed } from "../../model/observed.ts";
import type { Pointer } from "../../model/pointer.ts";
import { formatQuantity } from "../../model/quantity.ts";
import { hardwareKeys, hostKeys } from "../config/hardware/schema.ts";
import { instanceNames } from "../config/instance-names.ts";
import { libvirtNetwork } from "../config/network-of.ts";
import type { Config, FlavorConfig, InstanceConfig } from "../config.ts";
import { interfacesOf } from "../guest/interfaces.ts";
import type { DriftEdit, FoundDrift, Inexpressible } from "../terms/drift-edit.ts";
import { guests } from "../terms/guest-address.ts";

/** Fields whose keys have another path among the keys of an instance. */
const keyOfField: Readonly<Record<string, string>> = {
  video: "video.model",
  cpu: "cpu.mode",
  cpu_model: "cpu.model",
  max_memory: "max_ram",
};

/** What has to be written so that the drift that a plan found is the wanted state, and what cannot be written. Pure. */
export function driftEdits(changes: readonly Change[], config: Config, observed: Observed): FoundDrift {
  const edits: DriftEdit[] = [];
  const left: Inexpressible[] = [];
  for (const { address, verb, cause, fields, reason } of changes) {
    if (cause === "config") continue;
    const drifted = fields.filter((field) => field.cause === "drift" || field.cause === "both");
    const refuse = (path: string, why: string) => left.push({ address, path, why });
    const found = addressKind(address) === guests.name ? entryOf(config, addressName(address)) : undefined;
    if (verb !== "update" || found === undefined || drifted.length === 0) {
      refuse(addressKind(address), `${reason}: no key of the configuration says that`);
      continue;
    }
    if (found.copies > 1) {
      for (const { path } of drifted) refuse(path, `${found.entry} stands for ${found.copies} alike guests, and only one differs`);
      continue;
    }
    const stored = observed.get(guests.at(addressName(address)))?.fields ?? {};
    const add = (pointer: Pointer, value: Json | undefined) => edits.push({ address, pointer, value });
    const groups = Map.groupBy(drifted, ({ path }) => /^(?:interfaces|disks)\.[^.]+/.exec(path)?.[0] ?? path);
    const sizes: Partial<Record<"vcpus" | "ram", number>> = {};
    const removedNetworks: number[] = [];
    let added = 0;
    for (const [group, members] of groups) {
      const [field] = members as [FieldChange];
      // What only the running guest has is not stored: the next start would bring the configured value back.
      if (field.effect === "live" && group !== "power_state" && (stored[field.path] ?? null) === (field.new ?? null)) {
        refuse(group, "was changed on the running guest only; make it last first (`virsh … --config`)");
        continue;
      }
      if (group === "memory" || group === "vcpus") sizes[group === "memory" ? "ram" : "vcpus"] = Number(field.old);
      else if (group.startsWith("interfaces.")) acceptInterface(group.slice("interfaces.".length), members);
      else if (group.startsWith("disks.")) acceptDisk(group.slice("disks.".length), members);
      else acceptSetting(field);
    }
    for (const index of removedNetworks.sort((one, other) => other - one)) add(["instances", found.entry, "networks", index], undefined);
    if (Object.keys(sizes).length > 0) acceptSizes(sizes);

    function acceptSizes(changed: Partial<Record<"vcpus" | "ram", number>>): void {
      const { entry, instance } = found as Entry;
      const { ram } = changed;
      if (ram !== undefined && ram % 2 ** 20 !== 0) return void refuse("memory", "is no whole number of MiB");
      const values = Object.entries(changed).map(([key, value]) => [key, key === "ram" ? formatQuantity(value) : value] as const);
      const users = Object.entries(config.instances ?? {}).filter(([, other]) => other.flavor === instance.flavor);
      if (users.length === 1) {
        for (const [key, value] of values) add(["flavors", instance.flavor, key], value);
        return;
      }
      const flavor = config.flavors?.[instance.flavor];
      const plain = ["vcpus", "ram", "disk", "ephemeral", "swap"];
      if (flavor === undefined || Object.keys(flavor).some((key) => !plain.includes(key)))
        return void refuse(Object.keys(changed).join(", "), `comes from flavor ${instance.flavor}, which other instances have too`);
      const name = `${instance.flavor}-${entry}`;
      add(["flavors", name], { ...writtenFlavor(flavor), ...Object.fromEntries(values) });
      add(["instances", entry, "flavor"], name);
    }

    /** The entry of a network with this name in libvirt, or the name itself for a network of the host. */
    function entryOfNetwork(source: string): string {
      return Object.keys(config.networks ?? {}).find((name) => libvirtNetwork(config, name) === source) ?? source;
    }

    function acceptInterface(mac: string, members: readonly FieldChange[]): void {
      const { entry, instance, name } = found as Entry;
      const networks = interfacesOf(instance, config.images?.[instance.image ?? ""] ?? {}, config, name);
      const index = networks.findIndex((one) => one.mac === mac);
      const has = (part: string) => stored[`interfaces.${mac}.${part}`];
      const there = has("type") !== undefined;
      if (!there && index >= 0) return void removedNetworks.push(index);
      const source = String(has("source") ?? "");
      const connected =
        has("type") === "user"
          ? { user: true }
          : has("type") === "network"
            ? { network: entryOfNetwork(source) }
            : has("type") === "bridge"
              ? { bridge: source }
              : undefined;
      if (connected === undefined) return void refuse(`interfaces.${mac}`, `is of type ${String(has("type"))}`);
      if (members.some(({ path }) => !/\.(type|source|model)$/.test(path)) && index >= 0)
        return void refuse(`interfaces.${mac}`, "differs in more than its network and its model");
      const model = has("model");
      const written = instance.networks?.[index];
      if (written === undefined) {
        const position = (instance.networks ?? []).length + added;
        added += 1;
        const value = { ...connected, mac, ...(model === undefined || model === "virtio" ? {} : { model }) };
        return void add(["instances", entry, "networks", position], value);
      }
      // Key by key, so that the others of the entry stay, such as addresses.
      const at = ["instances", entry, "networks", index];
      if (members.some(({ path }) => path.endsWith(".model"))) add([...at, "model"], model ?? "virtio");
      if (members.every(({ path }) => path.endsWith(".model"))) return;
      for (const [key, value] of Object.entries(connected)) add([...at, key], value);
      for (const key of ["network", "bridge", "user"] as const)
        if (written[key] !== undefined && !Object.hasOwn(connected, key)) add([...at, key], undefined);
    }

    function acceptDisk(target: string, members: readonly FieldChange[]): void {
      const { entry, instance } = found as Entry;
      const index = (instance.disks ?? []).findIndex(({ device }) => device === target);
      const keys: Readonly<Record<string, string>> = { source: "path", bus: "bus", format: "format" };
      for (const { path, old } of members) {
        const key = keys[path.slice(path.lastIndexOf(".") + 1)];
        if (instance.adopt !== true || index < 0 || key === undefined || old === undefined)
          refuse(path, "is what the kinds of disks of this guest give it");
        else add(["instances", entry, "disks", index, key], old);
      }
    }

    function acceptSetting({ path, old }: FieldChange): void {
      const { entry, instance } = found as Entry;
      if (path === "power_state") {
        if (old === "running" || old === "stopped" || old === "saved")
          add(["instances", entry, "power_state"], old === "running" ? old : "stopped");
        else refuse(path, `is ${String(old)}, which is no state to keep: resume or stop the guest`);
      } else if (path.startsWith("foreign.")) add(["instances", entry, "foreign"], "keep");
      else if (path === "autostart") add(["instances", entry, "autostart"], old === true);
      else {
        const key = keyOfField[path] ?? path;
        const value = key === "max_ram" && typeof old === "number" ? formatQuantity(old) : old;
        const written = Object.hasOwn(instance, key);
        if (!isKey(key) || (value === undefined && !written))
          refuse(path, value === undefined ? "is gone, and no key says that" : "has no key");
        else add(["instances", entry, ...key.split(".")], value);
      }
    }
  }
  return { edits: withoutTwice(edits), left };
}

interface Entry {
  readonly entry: string;
  readonly name: string;
  readonly instance: InstanceConfig;
  readonly copies: number;
}

function entryOf(config: Config, name: string): Entry | undefined {
  for (const [entry, instance] of Object.entries(config.instances ?? {})) {
    const names = instanceNames(entry, instance.count);
    if (names.includes(name)) return { entry, name, instance, copies: names.length };
  }
  return undefined;
}

function writtenFlavor(flavor: FlavorConfig): Readonly<Record<string, Json>> {
  const sizes = ["ram", "disk", "ephemeral", "swap"];
  return Object.fromEntries(
    Object.entries(flavor).map(([key, value]) => [
      key,
      sizes.includes(key) && typeof value === "number" ? (value === 0 ? "0MiB" : formatQuantity(value)) : (value as Json),
    ]),
  );
}

function isKey(path: string): boolean {
  let part: unknown = { properties: { ...hardwareKeys, ...hostKeys } };
  for (const step of path.split("."))
    part = (part as { readonly properties?: Readonly<Record<string, unknown>> } | undefined)?.properties?.[step];
  return part !== undefined;
}

function withoutTwice(edits: readonly DriftEdit[]): DriftEdit[] {
  const seen = new Map(edits.map((edit) => [JSON.stringify(edit.pointer), edit]));
  return [...seen.values()];
}
