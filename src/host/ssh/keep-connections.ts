/** Connections over ssh that stay for a while after what used them, each in a process of its own. */
export interface KeepConnections {
  /** How long after the last use; more than 0. */
  readonly seconds: number;
  /**
   * Called when such a connection is used, with a function that gives it up, for when it has been closed: no later run uses it then, and it ends when nothing
   * uses it. Rights on the host belong to a login, so a connection is given up after a failure.
   */
  readonly onUse: (giveUp: () => Promise<void>) => void;
}
