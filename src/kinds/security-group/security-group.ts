import { addressName } from "../../model/address.ts";
import type { Kind } from "../../model/kind.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Config } from "../config.ts";
import { filters, groups } from "../terms/filter-address.ts";
import type { GroupState, PortFilterState } from "../terms/filter-state.ts";
import { filterActions } from "./actions.ts";
import { checkFilters } from "./check.ts";
import { describeFilter } from "./describe.ts";
import { desiredFilters } from "./desired.ts";
import { diffGroup, diffPort } from "./diff.ts";
import { observeFilters } from "./observe.ts";
import { checkProtected } from "./protection-check.ts";
import type { FilterSpec, GroupSpec, PortSpec } from "./spec.ts";

/** Security groups, and the filters of the interfaces that have some. */
export function securityGroupKind(settings: HostSettings): Kind<Config, FilterSpec, GroupState | PortFilterState> {
  return {
    name: "security-group",
    addressKinds: [groups.name, filters.name],
    desired: (config, facts) => desiredFilters({ config, settings, facts }),
    observe: observeFilters,
    diff: (address, want, have, observed) => {
      const name = addressName(address);
      return groups.owns(address)
        ? diffGroup(address, want as GroupSpec | undefined, have as GroupState | undefined, observed)
        : diffPort(filters.at(name), want as PortSpec | undefined, have as PortFilterState | undefined, observed);
    },
    check: (resources, observed, config, destroying = false) => [
      ...(destroying ? [] : checkFilters({ config, settings, facts: observed.facts })),
      ...checkProtected(resources, observed, config),
    ],
    describe: describeFilter,
    actions: filterActions,
  };
}
