import type { Diagnostic } from "../../model/diagnostic.ts";
import type { UsedSubnet } from "../../model/host-facts.ts";
import { type Cidr, formatCidr, overlaps, parseCidr } from "../../model/ip.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { shellWord } from "../../model/shell-word.ts";
import { networks } from "../terms/network-address.ts";
import type { NetworkFields } from "../terms/network-state.ts";
import type { NetworkSpec } from "./spec.ts";

/** The subnets in which the host has an address by these fields. Pure. */
export function subnetsIn(fields: NetworkFields): Cidr[] {
  return Object.keys(fields).flatMap((path) => parseCidr(/^subnets\.(.*)\.address$/.exec(path)?.[1] ?? "") ?? []);
}

/**
 * Subnets that a network does not run with yet, and that the host uses elsewhere: libvirt starts no network with the subnet of a route, and with two
 * networks for an address the host reaches one of them. Pure.
 */
export function checkOverlapElsewhere({ address, spec }: Resource<NetworkSpec>, observed: Observed): Diagnostic[] {
  const { overlapping = [] } = observed.facts.networks ?? {};
  const running = subnetsIn(observed.get(networks.at(spec.name))?.running ?? {}).map(formatCidr);
  // What other networks of this project have is another problem, or theirs no more when this one comes.
  const own = new Set([
    spec.fields["bridge"],
    ...observed.of(networks).flatMap(([, { fields, running: now }]) => [fields["bridge"], now?.["bridge"]]),
  ]);
  return subnetsIn(spec.fields)
    .filter((cidr) => !running.includes(formatCidr(cidr)))
    .flatMap((cidr) => {
      const found = overlapping.filter(({ cidr: text, device }) => meets(cidr, text) && !(device !== null && own.has(device)));
      // One problem for each subnet, the worst one.
      const [first] = found.sort((one, other) => Number(isFatal(cidr, other)) - Number(isFatal(cidr, one)));
      if (first === undefined) return [];
      const text = formatCidr(cidr);
      return [problem("network-subnet-in-use", { ...words(spec.name, text, first), address }, isFatal(cidr, first) ? "error" : "warning")];
    });
}

function meets(cidr: Cidr, text: string): boolean {
  const other = parseCidr(text);
  return other !== undefined && overlaps(cidr, other);
}

/** A wider or narrower route of the host is often meant: a subnet of the site's, or a single machine. */
function isFatal(cidr: Cidr, { cidr: text, network, active }: UsedSubnet): boolean {
  return active && (network !== null || text === formatCidr(cidr));
}

function words(name: string, text: string, { cidr, network, device, active }: UsedSubnet): Pick<Diagnostic, "summary" | "detail"> {
  const remedy = `Choose another subnet for ${name}`;
  if (network === null) {
    const who = device === null ? "a route of the host" : `a route of the host, by ${device}`;
    const why =
      cidr === text
        ? "libvirt does not start a network with it."
        : "What the host and its guests send to these addresses goes to the narrower one of the two.";
    return {
      summary: `${text} of ${name} overlaps ${cidr}, ${who}`,
      detail: `${why} ${remedy}, or remove the route${device === null ? "" : ` or the address (ip route show; ip address show dev ${shellWord(device)})`}.`,
    };
  }
  const command = `virsh net-dumpxml ${shellWord(network)}`;
  const why = active
    ? "The host has an address in both and could reach only one of them."
    : `${network} is not active; of the two, only the first one that starts works.`;
  return {
    summary: `${text} of ${name} overlaps ${cidr} of network ${network} of the host`,
    detail: `${why} ${remedy}, or change ${network} (${command}).`,
  };
}
