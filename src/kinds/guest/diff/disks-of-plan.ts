import type { Fact } from "../../../model/fact.ts";

/** What the plan does to disks and volumes of a guest. */
export interface DisksOfPlan {
  /** A disk or volume gets other content, so that saved memory is discarded. */
  readonly replaced: boolean;
  /** It is paused, and shut down and started for them. */
  readonly restarted?: boolean;
  /** What the guest wrote to a file that its definition no longer names then. */
  readonly leaves: string | null;
  /** Volumes of the guest that are recreated, for which it is off, and facts that what they are made from exists. */
  readonly volumes: readonly { readonly name: string; readonly bases: readonly Fact[] }[];
}

/** What of it matters to the definition and the power state of the guest. */
export type FreshDisks = Omit<DisksOfPlan, "leaves">;
