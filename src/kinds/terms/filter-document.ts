/** A filter of libvirt (nwfilter) as data. */
export interface FilterDocument {
  /** Its chain and the priority of that, where they are not those of all filters of ours. */
  readonly chain: string;
  readonly refers: readonly FilterReference[];
  readonly rules: readonly TrafficRule[];
}

/** Another filter that is part of it. */
export interface FilterReference {
  readonly filter: string;
  /** Name and value; a name can have several values. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/** One rule. */
export interface TrafficRule {
  readonly action: string;
  /** Seen from the guest. */
  readonly direction: string;
  /** Rules with lower numbers come first, also across the filters that one refers to. */
  readonly priority: number;
  /** False: also for packets that no connection is tracked for. */
  readonly tracked: boolean;
  /** `tcp`, `icmpv6`, `mac`. */
  readonly element: string;
  readonly attributes: Readonly<Record<string, string>>;
}
