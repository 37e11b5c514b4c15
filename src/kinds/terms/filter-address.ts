import { type AddressOf, kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { GroupState, PortFilterState } from "./filter-state.ts";

/** `security-group/web`. */
export type GroupAddress = AddressOf<GroupState>;

/** Security groups, by name. */
export const groups = kindOf<GroupState>("security-group");

/** `filter/web-0-525400aabbcc`. */
export type FilterAddress = AddressOf<PortFilterState>;

/** Filters of network interfaces, by `portName`. */
export const filters = kindOf<PortFilterState>("filter");

/** The filter of the group is as wanted. */
export const groupExists = existence(groups);

/** libvirt no longer has it. */
export const groupGone = factType(groups, "gone");

/** The filter of the interface is as wanted: only then may a guest be started with it. */
export const filterExists = existence(filters);

/** libvirt no longer has it. */
export const filterGone = factType(filters, "gone");
