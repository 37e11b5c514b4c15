import type { FilterDocument } from "../terms/filter-document.ts";
import type { FilterRule } from "../terms/filter-state.ts";

/** A filter as it should be. */
interface WantedFilter {
  /** libvirt's name of it. */
  readonly filter: string;
  readonly document: FilterDocument;
  /** The document, line by line, as it is compared. */
  readonly lines: readonly string[];
  /** As people read it. */
  readonly rules: readonly FilterRule[];
}

/** The filter of a security group. */
export interface GroupSpec extends WantedFilter {
  readonly kind: "security-group";
  /** Its prevent_destroy; absent: no. */
  readonly protects?: true;
}

/** The filter of an interface. */
export interface PortSpec extends WantedFilter {
  readonly kind: "filter";
  readonly instance: string;
  readonly mac: string;
  readonly groups: readonly string[];
}

/** Any filter of ours as it should be. */
export type FilterSpec = GroupSpec | PortSpec;
