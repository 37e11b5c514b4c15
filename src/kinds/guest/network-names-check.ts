import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "../disk/checked.ts";
import { guests } from "../terms/guest-address.ts";

/** Two interfaces of a guest with one name: they would have one MAC address. A position is the name of an interface without one. */
export function checkNetworkNames({ domains }: Pick<Checked, "domains">): Diagnostic[] {
  return domains.flatMap(({ instance, interfaces }) =>
    interfaces.flatMap(({ name }, index) => {
      const first = interfaces.findIndex((other) => other.name === name);
      if (first === index) return [];
      return [
        problem("network-name-taken", {
          summary: `Two interfaces of ${instance} have the name ${name}`,
          detail: `They are number ${first} and ${index} of networks; the name of an interface without one is its number. Two interfaces with one name would have one MAC address. Give each its own name.`,
          address: guests.at(instance),
          key: ["networks", index, "name"],
        }),
      ];
    }),
  );
}
