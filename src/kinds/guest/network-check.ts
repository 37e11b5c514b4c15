import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Config } from "../config.ts";
import type { Checked } from "../disk/checked.ts";
import { isUp } from "../power/is-up.ts";
import { guests } from "../terms/guest-address.ts";
import { networks as networkAddresses } from "../terms/network-address.ts";
import type { DomainSpec, InterfaceSpec } from "../terms/spec.ts";
import { type NetworkTrouble, networkTrouble } from "./network-trouble.ts";

/**
 * Networks and bridges that guests are to be connected to and that the host does not have. A guest that has the interface already and is
 * not started by the plan gets a warning; so does one that is to be off, where the network only has to be started.
 */
export function checkNetworks({ config, domains, observed }: Pick<Checked, "config" | "domains" | "observed">): Diagnostic[] {
  const { networks } = observed.facts;
  if (networks === null) return [];
  const isForeign = ({ type, source }: InterfaceSpec) => type === "network" && !isOwn(config, source);
  const unlisted = networks.active === null && domains.some((domain) => domain.interfaces.some(isForeign));
  return [
    ...(unlisted ? [notListed()] : []),
    ...domains.flatMap((domain) =>
      domain.interfaces.flatMap((nic, index) => {
        if (nic.type === "network" && isGivenUp(nic.source, observed, config)) return [givenUp(domain, nic, index, config)];
        const found = nic.type === "network" && !isForeign(nic) ? undefined : networkTrouble(nic, networks, config);
        if (found === undefined) return [];
        const words = { summary: found.summary, detail: found.detail, address: guests.at(domain.instance), key: ["networks", index] };
        return [problem(found.code, words, isHarmless(domain, nic, observed, found) ? "warning" : "error")];
      }),
    ),
  ];
}

/** Whether the network is one that virtform keeps: the plan creates and starts it. */
function isOwn({ networks = {} }: Config, source: string): boolean {
  const network = Object.hasOwn(networks, source) ? networks[source] : undefined;
  return network !== undefined && network.external !== true;
}

/** Whether the plan removes or renames the network: virtform made it, and no entry has its name. */
function isGivenUp(source: string, observed: Observed, { networks: declared = {} }: Config): boolean {
  return !Object.hasOwn(declared, source) && observed.of(networkAddresses).some(([, { name }]) => name === source);
}

function givenUp({ instance }: DomainSpec, { source }: InterfaceSpec, index: number, { networks: declared = {} }: Config): Diagnostic {
  const heir = Object.entries(declared).find(([, { renamed_from: from }]) => from === source)?.[0];
  const [verb, detail] =
    heir === undefined
      ? [
          "remove",
          `virtform made it, no entry of networks has its name, and ${instance} is connected to it. Restore networks.${source}, or connect the interface to another network.`,
        ]
      : ["rename", `networks.${heir} takes its place. Write network: ${heir} into the interface.`];
  return problem("network-in-use", {
    summary: `The plan would ${verb} network ${source} of ${instance}`,
    detail,
    address: guests.at(instance),
    key: ["networks", index],
  });
}

function isHarmless(
  { instance, powerState }: DomainSpec,
  { mac, source }: InterfaceSpec,
  observed: Observed,
  { code }: NetworkTrouble,
): boolean {
  const have = observed.get(guests.at(instance));
  const stays = have !== undefined && (powerState !== "running" || isUp(have.power));
  if (stays && have.fields[`interfaces.${mac}.source`] === source) return true;
  return code === "network-inactive" && powerState !== "running";
}

function notListed(): Diagnostic {
  const detail =
    "Whether those that guests are connected to exist is not known. Where libvirt's daemons are split, virtnetworkd has to run: systemctl start virtnetworkd.socket.";
  return problem("networks-not-listed", { summary: "libvirt does not list the networks of the host", detail }, "warning");
}
