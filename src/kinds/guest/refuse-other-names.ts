import { addressName } from "../../model/address.ts";
import { closest } from "../../model/closest.ts";
import { UserError } from "../../model/errors.ts";
import { matchesPattern } from "../../model/matches-pattern.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import { guests } from "../terms/guest-address.ts";
import { isGuestNamed } from "./is-guest-named.ts";

/** Throws a UserError for words of the command line that name no guest of the host, such as the name of a volume. */
export function refuseOtherNames(names: readonly string[], observed: Observed): void {
  const known = observed.of(guests).map(([address]) => address);
  const unknown = names.filter((name) => !known.some((address) => isGuestNamed(address, name)));
  if (unknown.length === 0) return;
  throw new UserError(
    unknown.map((name) => {
      const others = [...observed.states.keys()].filter((address) =>
        matchesPattern(name, name.includes("/") ? address : addressName(address)),
      );
      const near = closest(name, known.map(addressName));
      const detail = [
        ...(others.length === 0 ? [] : [`${others.join(", ")} ${others.length === 1 ? "is" : "are"} no guest.`]),
        ...(near === undefined ? [] : [`Did you mean ${near}?`]),
        "`virtform list` lists the guests; one that is missing is made by `virtform apply`.",
      ].join(" ");
      return problem("no-such-guest", { summary: `The host has no guest ${name} of this project`, detail });
    }),
  );
}
