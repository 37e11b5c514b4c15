import { addressName } from "../../model/address.ts";
import { closest } from "../../model/closest.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { formatCidr, overlaps } from "../../model/ip.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { shellWord } from "../../model/shell-word.ts";
import { parseLibvirtUri } from "../../tools/libvirt/uri.ts";
import { libvirtNetwork } from "../config/network-of.ts";
import { networkTraits } from "../config/network-traits.ts";
import { subnetsOf } from "../config/subnets-of.ts";
import type { Config } from "../config.ts";
import { uplinkTrouble } from "../guest/network-trouble.ts";
import { guests } from "../terms/guest-address.ts";
import { type NetworkAddress, networks } from "../terms/network-address.ts";
import type { NetworkFields, NetworkState } from "../terms/network-state.ts";
import { connected } from "./diff.ts";
import { needsRestart, runningDifferences } from "./live.ts";
import { checkOverlapElsewhere, subnetsIn } from "./overlap-check.ts";
import type { NetworkSpec } from "./spec.ts";
import { checkWrittenNetworks } from "./written-check.ts";

/** What cannot or will not be done to networks, and whom a change interrupts. Pure. */
export function checkNetworkKind(
  resources: readonly Resource<NetworkSpec>[],
  observed: Observed,
  { config, uri, destroying }: { readonly config: Config; readonly uri: string; readonly destroying: boolean },
): Diagnostic[] {
  const wanted = new Set<string>(resources.map(({ address }) => address));
  // One that cannot be read is neither missing nor to be made.
  const seen = resources.filter(({ address }) => !observed.unread.includes(address));
  return [
    ...(destroying ? [] : checkWrittenNetworks(config)),
    ...(destroying ? [] : [...checkHostParts(config, observed), ...checkExternal(config, observed), ...checkReadable(observed)]),
    ...(parseLibvirtUri(uri).session ? resources.map(({ address }) => needsSystem(address, uri)) : []),
    ...seen.flatMap((resource) => [
      ...checkName(resource, observed),
      ...checkConflicts(resource, observed, config),
      ...checkOverlapElsewhere(resource, observed),
      ...checkBridgeName(resource, observed),
      ...checkInterruption(resource, observed),
      ...checkRename(resource, observed),
    ]),
    ...observed
      .of(networks)
      .flatMap(([address, state]) =>
        wanted.has(address) ? [] : [...checkProtected(address, state, config), ...checkStrangers(address, state, observed)],
      ),
  ];
}

function needsSystem(address: NetworkAddress, uri: string): Diagnostic {
  const detail = `host.uri is ${uri}, and the libvirt of one user makes no bridges. Use qemu:///system, or connect guests with user: true.`;
  return problem("network-needs-system", { summary: `${address} needs the system's libvirt`, detail, address });
}

/** A network of that name that is not this project's. */
function checkName({ address, spec }: Resource<NetworkSpec>, observed: Observed): Diagnostic[] {
  const taken = observed.unmanaged.find(({ what, name }) => what === "network" && name === spec.name);
  if (taken === undefined) return [];
  const other =
    taken.owner === undefined
      ? `virtform did not make it and does not change it. To use it as it is, write external: true into networks.${spec.name}. To replace it, remove it first: virsh net-destroy ${shellWord(spec.name)}; virsh net-undefine ${shellWord(spec.name)}. Or choose another name.`
      : `Project ${taken.owner} owns it. To use it as it is, write external: true into networks.${spec.name}; otherwise choose another name.`;
  return [problem("network-taken", { summary: `The host has a network ${spec.name} already`, detail: other, address })];
}

/** What another network of this project still has: libvirt starts no second one with these addresses, and defines none with the bridge. */
function checkConflicts({ address, spec }: Resource<NetworkSpec>, observed: Observed, { networks: declared = {} }: Config): Diagnostic[] {
  const own = observed.get(networks.at(spec.name))?.running ?? {};
  const wanted = subnetsIn(spec.fields);
  const had = subnetsIn(own).map(formatCidr);
  return observed.of(networks).flatMap(([other, { name, fields, running }]) => {
    if (other === address) return [];
    const conflict = (summary: string) => {
      const isLeft = !Object.hasOwn(declared, name);
      const rename = isLeft
        ? ` If ${spec.name} is ${name} under another name, write renamed_from: ${name} into networks.${spec.name}.`
        : "";
      const detail = `The plan changes or removes ${name} only after ${spec.name} exists. Choose another value for ${spec.name}, or change or remove ${name} in an apply of its own before.${rename}`;
      return problem("network-conflict", { summary, detail, address });
    };
    const theirs = subnetsIn(running ?? fields);
    const shared = wanted.filter((cidr) => !had.includes(formatCidr(cidr)));
    const { bridge } = spec.fields;
    return [
      ...shared.flatMap((cidr) => {
        const found = theirs.find((one) => overlaps(one, cidr));
        if (found === undefined) return [];
        return [conflict(`${formatCidr(cidr)} of ${spec.name} overlaps ${formatCidr(found)} of network ${name}`)];
      }),
      ...(bridge !== undefined && bridge === fields["bridge"] && own["bridge"] !== bridge && makesBridge(spec.fields) && makesBridge(fields)
        ? [conflict(`Networks ${name} and ${spec.name} have the same bridge ${bridge}`)]
        : []),
    ];
  });
}

/** A bridge that libvirt is to make and that exists: it defines no network with the bridge of another, and starts none with the name of a device. */
function checkBridgeName({ address, spec }: Resource<NetworkSpec>, { facts }: Observed): Diagnostic[] {
  const { bridge } = spec.fields;
  const taken = facts.networks?.takenBridges ?? {};
  if (typeof bridge !== "string" || !makesBridge(spec.fields) || !Object.hasOwn(taken, bridge)) return [];
  const network = taken[bridge] ?? null;
  const remedy = `Choose another name for the bridge, or remove bridge: libvirt then makes one with a name of its own.`;
  const words =
    network === null
      ? {
          summary: `The host has a device ${bridge} already`,
          detail: `libvirt makes the bridge of ${spec.name}, which therefore must not exist. To connect guests to it as it is, write type: bridge. ${remedy}`,
        }
      : {
          summary: `Network ${network} of the host has the bridge ${bridge}`,
          detail: `${remedy} \`virsh net-dumpxml ${shellWord(network)}\` shows the network.`,
        };
  return [problem("bridge-taken", { ...words, address, key: ["bridge"] })];
}

/** Whether libvirt makes the bridge. */
function makesBridge({ type, create }: NetworkFields): boolean {
  return create === true || (type !== "bridge" && type !== "ovs" && type !== "macvtap");
}

/** Networks of others whose subnets are not known. One with a declared name was reported when it was looked at. */
function checkReadable({ facts, unmanaged, unread }: Observed): Diagnostic[] {
  const reported = new Set([
    ...unmanaged.flatMap(({ what, name }) => (what === "network" ? [name] : [])),
    ...unread.flatMap((address) => (networks.owns(address) ? [addressName(address)] : [])),
  ]);
  return (facts.networks?.unreadable ?? [])
    .filter((name) => !reported.has(name))
    .map((name) => {
      const detail = `Its subnets are not compared with those of declared networks. It is not well-formed XML or larger than virtform reads: virsh net-dumpxml ${shellWord(name)}. Correct it: virsh net-edit ${shellWord(name)}.`;
      return problem("network-unreadable", { summary: `The definition of network ${name} cannot be read`, detail }, "warning");
    });
}

/** The bridges and network cards of the host that networks need. */
function checkHostParts({ networks: declared = {} }: Config, { facts }: Observed): Diagnostic[] {
  const { missingBridges = [], notBridges = [], missingDevices = [], down = [] } = facts.networks ?? {};
  return Object.entries(declared).flatMap(([name, network]) => {
    const { type, ownBridge } = networkTraits(network);
    const address = networks.at(name);
    const found = (code: string, key: "bridge" | "device", summary: string, detail: string) =>
      problem(code, { summary, detail, address, key: [key] });
    const isDown = (device: string, key: "bridge" | "device") =>
      down.includes(device)
        ? [
            found(
              "bridge-down",
              key,
              `${device} is down`,
              `Guests in network ${name} would have no connection. Enable it: ip link set ${shellWord(device)} up.`,
            ),
          ]
        : [];
    const { bridge, device } = network;
    const ofDevice =
      device === undefined
        ? []
        : missingDevices.includes(device)
          ? [found("bridge-missing", "device", `The host has no network card ${device}`, "`ip -brief link` lists those that it has.")]
          : isDown(device, "device");
    if (bridge === undefined || ownBridge || type === "external") return ofDevice;
    if (type === "ovs") {
      const detail = `Create it: ovs-vsctl add-br ${shellWord(bridge)}; or name another one (ovs-vsctl list-br).`;
      // The switch forwards also while the device of its bridge is off.
      return missingDevices.includes(bridge) ? [found("bridge-missing", "bridge", `The host has no bridge ${bridge}`, detail)] : [];
    }
    if (missingBridges.includes(bridge)) {
      const detail = `Create it on the host: ip link add name ${shellWord(bridge)} type bridge; ip link set ${shellWord(bridge)} up. Name another one, or let libvirt make one without an uplink: create: true.`;
      return [found("bridge-missing", "bridge", `The host has no bridge ${bridge}`, detail)];
    }
    if (notBridges.includes(bridge)) {
      const detail =
        "It is an interface of another kind, such as a network card. Name a bridge that the card is part of, or write type: macvtap and device.";
      return [found("bridge-missing", "bridge", `${bridge} is not a Linux bridge`, detail)];
    }
    return [...ofDevice, ...isDown(bridge, "bridge")];
  });
}

/** Networks of other administrators that are not what the configuration says about them. */
function checkExternal(config: Config, { facts }: Observed): Diagnostic[] {
  const { active = null, families = {}, broken = {} } = facts.networks ?? {};
  if (active === null) return [];
  return Object.entries(config.networks ?? {}).flatMap(([name, network]) => {
    if (network.external !== true) return [];
    const source = libvirtNetwork(config, name);
    const pointer = ["networks", name];
    if (!Object.hasOwn(active, source)) {
      const near = closest(source, Object.keys(active));
      const detail = `\`virsh net-list --all\` lists those that it has.${near === undefined ? "" : ` Did you mean ${near}?`} Remove external to have virtform create it.`;
      return [problem("network-missing", { summary: `The host has no network ${source}`, detail, pointer })];
    }
    if (active[source] === false) {
      const word = shellWord(source);
      const detail = `Guests on it do not start. Start it with: virsh net-start ${word}; and whenever the host boots: virsh net-autostart ${word}.`;
      return [problem("network-inactive", { summary: `The network ${source} is not active`, detail, pointer })];
    }
    const trouble = uplinkTrouble(source, broken[source]);
    if (trouble !== undefined) return [problem(trouble.code, { summary: trouble.summary, detail: trouble.detail, pointer })];
    const known = families[source] ?? null;
    if (known === null) return [];
    return subnetsOf(config, name).flatMap(({ index, cidr }) => {
      if (known.includes(cidr.family)) return [];
      const detail = `Guests would not get an address of ${formatCidr(cidr)}. \`virsh net-dumpxml ${shellWord(source)}\` shows its addresses. Remove the subnet, or name another network.`;
      return [
        problem("network-family-missing", {
          summary: `The network ${source} has no IPv${cidr.family}`,
          detail,
          pointer: [...pointer, "subnets", index, "cidr"],
        }),
      ];
    });
  });
}

/** A change that needs a restart of the network while guests are connected to it. */
function checkInterruption({ address, spec }: Resource<NetworkSpec>, observed: Observed): Diagnostic[] {
  const have = observed.get(networks.at(spec.name));
  const running = have?.running ?? null;
  if (have === undefined || running === null) return [];
  const renamed = have.name !== spec.name;
  const paths = [
    ...(renamed ? ["name"] : []),
    ...runningDifferences(running, spec.fields).filter((path) => needsRestart(path, running) && !(renamed && path === "bridge")),
  ];
  const names = connected(have);
  if (paths.length === 0 || names.length === 0) return [];
  const kinds = [String(running["type"]), String(spec.fields["type"])];
  const stuck = kinds.find((kind) => kind === "macvtap" || kind === "ovs");
  if (stuck !== undefined) {
    const detail = `${list(paths)} of a network of type ${stuck} changes only while no guest is connected to it: guests that run cannot be moved to another device. Shut ${list(names)} down first, then apply again.`;
    return [problem("network-in-use", { summary: `Network ${spec.name} is in use by ${list(names)}`, detail, address })];
  }
  const why = renamed
    ? "libvirt cannot rename a network, so it is removed and defined again."
    : `libvirt takes ${list(paths)} only when the network starts.`;
  const detail = `${why} ${list(names)} ${names.length === 1 ? "loses its" : "lose their"} connection for about a second while it is restarted and ${names.length === 1 ? "is" : "are"} connected again; addresses and open connections to them stay.`;
  const what = renamed ? `Network ${have.name} is renamed` : `Network ${spec.name} is restarted`;
  return [
    problem(
      "network-interrupted",
      { summary: `${what} while ${list(names)} ${names.length === 1 ? "uses" : "use"} it`, detail, address },
      "warning",
    ),
  ];
}

/** Guests that this plan does not change name the network by its earlier name, and could no longer start. */
function checkRename({ address, spec }: Resource<NetworkSpec>, observed: Observed): Diagnostic[] {
  const have = observed.get(networks.at(spec.name));
  if (have === undefined || have.name === spec.name) return [];
  const own = new Set(observed.of(guests).map(([, { uuid }]) => uuid));
  const strangers = [...new Set(have.users.filter(({ uuid }) => !own.has(uuid)).map(({ domain }) => domain))];
  if (strangers.length === 0) return [];
  const detail = `virtform does not manage ${strangers.length === 1 ? "this guest" : "these guests"}, and ${have.name} would no longer exist. Connect ${list(strangers)} to another network first, or keep the name.`;
  return [problem("network-in-use", { summary: `Network ${have.name} is in use by ${list(strangers)}`, detail, address })];
}

function checkProtected(address: NetworkAddress, { name, fields }: NetworkState, { networks: declared = {} }: Config): Diagnostic[] {
  if (fields["prevent_destroy"] !== true) return [];
  const isDeclared = Object.hasOwn(declared, name);
  const summary = `Network ${name} is protected${isDeclared ? "" : " and no longer in the configuration"}`;
  const remedy = isDeclared
    ? "To destroy it, write prevent_destroy: false, apply, and then destroy it."
    : "To remove it, restore it with prevent_destroy: false, apply, and then remove it.";
  const detail = `It was applied with prevent_destroy: true, and the protection stays with the network. ${remedy}`;
  return [problem("prevent-destroy", { summary, detail, address })];
}

/** A network that the plan removes while guests use it that the plan does not touch. */
function checkStrangers(address: NetworkAddress, { name, users }: NetworkState, observed: Observed): Diagnostic[] {
  const own = new Set(observed.of(guests).map(([, { uuid }]) => uuid));
  const strangers = [...new Set(users.filter(({ uuid, running }) => running && !own.has(uuid)).map(({ domain }) => domain))];
  if (strangers.length === 0) return [];
  const detail = `virtform does not manage ${strangers.length === 1 ? "this guest" : "these guests"}, which would lose the connection. Shut ${list(strangers)} down or connect ${strangers.length === 1 ? "it" : "them"} to another network, then apply again.`;
  return [problem("network-in-use", { summary: `Network ${name} is in use by ${list(strangers)}`, detail, address })];
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
