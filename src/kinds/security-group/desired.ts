import type { Resource } from "../../model/resource.ts";
import type { Wanted } from "../config/wanted.ts";
import { type WantedGuest, wantedGuests } from "../instance/wanted.ts";
import { filters, groups } from "../terms/filter-address.ts";
import type { FilterDocument } from "../terms/filter-document.ts";
import { groupFilterName, type PortFilter } from "../terms/port-filter.ts";
import type { InterfaceSpec } from "../terms/spec.ts";
import { filterLines } from "./filter-lines.ts";
import { groupWords, portWords } from "./filter-rules.ts";
import { cidrText, groupRules } from "./group-rules.ts";
import { portDocument } from "./port-document.ts";
import type { FilterSpec } from "./spec.ts";

/** A filtered interface of a wanted guest. */
export interface WantedPort {
  readonly guest: WantedGuest;
  readonly nic: InterfaceSpec;
  readonly filter: PortFilter;
}

/** Every filtered interface of the configuration. */
export function wantedPorts(wanted: Wanted): WantedPort[] {
  return wantedGuests(wanted).flatMap((guest) =>
    guest.interfaces.flatMap((nic) => (nic.filter === null || nic.filter === "none" ? [] : [{ guest, nic, filter: nic.filter }])),
  );
}

/** The filter of every security group, and of every interface that has some. */
export function desiredFilters(wanted: Wanted): Resource<FilterSpec>[] {
  const { config } = wanted;
  const declared = Object.entries(config.security_groups ?? {});
  const ports = wantedPorts(wanted);
  if (declared.length === 0 && ports.length === 0) return [];
  const project = config.project ?? "default";
  const membersOf = (group: string) => {
    const members = ports.filter(({ filter }) => filter.groups.includes(group));
    // Members may share an address, which moves from one to another.
    return [...new Set(members.flatMap(({ filter }) => [...filter.addresses, ...filter.pairs.map(({ subnet }) => cidrText(subnet))]))];
  };
  const ofGroups = declared.map(([name, group]): Resource<FilterSpec> => {
    const document: FilterDocument = { chain: "root", refers: [], rules: groupRules(group, membersOf) };
    const common = { filter: groupFilterName(project, name), document, lines: filterLines(document), rules: groupWords(document) };
    const protection = group.prevent_destroy === true ? { protects: true as const } : {};
    return { address: groups.at(name), spec: { kind: "security-group", ...common, ...protection } };
  });
  const ofPorts = ports.map(({ guest, nic: { mac }, filter }): Resource<FilterSpec> => {
    const document = portDocument(project, filter, mac);
    const common = { filter: filter.filter, document, lines: filterLines(document), rules: portWords(document, project, mac) };
    return { address: filters.at(filter.name), spec: { kind: "filter", ...common, instance: guest.name, mac, groups: filter.groups } };
  });
  return [...ofGroups, ...ofPorts];
}
