import type { Config } from "../kinds/config.ts";
import { networkTrouble } from "../kinds/guest/network-trouble.ts";
import { lookUpNetworks } from "../kinds/host/network-facts.ts";
import type { Context } from "../model/context.ts";
import type { Finding } from "../model/finding.ts";

const check = "networks";

/** The networks and bridges that the instances of the configuration are connected to; nothing where there are none. */
export async function checkNetworks(context: Context, config: Config): Promise<Finding[]> {
  const facts = await lookUpNetworks(context);
  const { networks: used } = context.settings;
  if (facts === null || used === null) return [];
  const sources = [
    ...used.names.map((source) => ({ type: "network" as const, source })),
    ...used.bridges.map((source) => ({ type: "bridge" as const, source })),
  ];
  const troubles = sources.flatMap((source) => networkTrouble(source, facts, config) ?? []);
  const wrong = troubles.map(({ summary, detail }): Finding => ({ check, status: "error", found: summary, fix: detail }));
  if (facts.active === null) {
    const fix = "Where libvirt's daemons are split: systemctl start virtnetworkd.socket";
    return [...wrong, { check, status: "warning", found: "libvirt does not list its networks", fix }];
  }
  if (wrong.length > 0) return wrong;
  return [{ check, status: "ok", found: `${sources.map(({ source }) => source).join(", ")} can be connected to` }];
}
