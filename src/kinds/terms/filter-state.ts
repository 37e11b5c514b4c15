/** A filter of ours as libvirt holds it. */
export interface FilterContent {
  readonly uuid: string;
  /** libvirt's name of it. */
  readonly filter: string;
  /** What it contains, a line for each rule and reference (`filter-lines.ts`), sorted. */
  readonly lines: readonly string[];
  /** The same as people read it. */
  readonly rules: readonly FilterRule[];
  /** Digest of the lines as they were last applied; null where the filter does not say. */
  readonly applied: string | null;
}

/** A rule in words. */
export interface FilterRule {
  /** `tcp 443 from 0.0.0.0/0`. */
  readonly text: string;
  /** What it is for. */
  readonly note: string | null;
}

/** The filter of a security group as found. */
export interface GroupState extends FilterContent {
  readonly kind: "security-group";
  /** Its prevent_destroy; absent: no. */
  readonly protects?: true;
}

/** The filter of an interface as found. */
export interface PortFilterState extends FilterContent {
  readonly kind: "filter";
  /** libvirt's names of the filters that it refers to. */
  readonly refers: readonly string[];
  /** Devices of running guests that it is on. */
  readonly ports: readonly string[];
}
