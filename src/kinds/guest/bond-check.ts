import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { hasConfigDrive } from "../config/has-config-drive.ts";
import { filteringOf, isFiltered } from "../config/port-filter-of.ts";
import type { Config, InstanceConfig } from "../config.ts";
import { nicName } from "./interfaces.ts";

/** Names that NoCloud drives give to interfaces, and the loopback of every guest. */
const takenNames = /^(?:eth\d+|lo)$/;

/** Bonds that guests cannot have. Pure. */
export function checkBonds(config: Pick<Config, "host" | "instances">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]) => {
    const members = (instance.networks ?? []).map((nic, index) => ({ nic, index })).filter(({ nic }) => nic.bond !== undefined);
    return [...Map.groupBy(members, ({ nic }) => nic.bond)].flatMap(([bond, of]) =>
      of.flatMap(({ nic, index }, position) => {
        const found = mistake(config, instance, nic, { position, members: of.length });
        if (found === undefined) return [];
        const [summary, detail] = found;
        const pointer = ["instances", name, "networks", index, position > 0 && nic.addresses !== undefined ? "addresses" : "bond"];
        return [
          problem("port-setting-impossible", {
            summary: `Interface ${nicName(nic, index)} of ${name}, in bond ${bond}, ${summary}`,
            detail,
            pointer,
          }),
        ];
      }),
    );
  });
}

function mistake(
  config: Pick<Config, "host">,
  instance: InstanceConfig,
  nic: NonNullable<InstanceConfig["networks"]>[number],
  { position, members }: { readonly position: number; readonly members: number },
): readonly [summary: string, detail: string] | undefined {
  if (!hasConfigDrive(config, instance))
    return ["is not bonded", "Bonds are described in the config drive, and the instance has none. Remove bond, or give it a config drive."];
  if (takenNames.test(nic.bond ?? ""))
    return [
      "has the name of another interface",
      "Config drives and guests name other interfaces like this. Write another name, such as bond0.",
    ];
  if (members < 2) return ["is alone", "A bond has two interfaces or more. Give another interface the same bond, or remove it."];
  if (nic.user === true)
    return [
      "is in user-mode networking",
      "A bond has one MAC address, which QEMU answers on one card alone. Connect it to a network or a bridge.",
    ];
  if (position > 0 && nic.addresses !== undefined)
    return ["is not the first one and has addresses", "The bond has the addresses of its first interface. Write them there."];
  if (isFiltered(filteringOf(instance, nic)))
    return [
      "is filtered",
      "The guest sends from the MAC address of the first interface through all of them, which the filters of the others refuse. Write port_filter: none for the instance, or remove bond.",
    ];
  return undefined;
}
