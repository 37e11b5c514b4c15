/** What was known of the claims on a host before a look at it. */
export interface ClaimsSeen {
  /** The ledger as it was, to be compared later; empty when there were no claims. */
  readonly text: string;
  /** Device number of the file system that the instances path is on; empty when not known. */
  readonly device: string;
}
